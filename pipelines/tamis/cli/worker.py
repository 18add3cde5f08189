"""`tamis worker`: what an engine starts in place of a container (`--environment_type=PROCESS`).

The contract of Beam's containers: the engine gives an id and where its provision service listens;
that service says where the worker is given its work, and the options of the job.
"""

import os

from tamis.errors import RunError
from tamis.language import _

ANSWER_SECONDS = 60.0
"""How long the provision service may take to answer."""


def worker_command(
    id: str, provision_endpoint: str, control_endpoint: str | None, logging_endpoint: str | None
) -> int:
    """Work for an engine until it says that it is done; 0 then.

    Args:
        id: of the worker, which the engine chose.
        provision_endpoint: `HOST:PORT` of the engine's provision service.
        control_endpoint: where work is given, if the provision service does not say so.
        logging_endpoint: where what is logged goes, likewise.

    Raises:
        RunError: no provision service answers there.
    """
    id = id.strip("'")  # which Prism puts around it
    os.environ["WORKER_ID"] = id  # which Beam reads as it is imported

    import grpc
    from apache_beam.portability.api import beam_provision_api_pb2 as api
    from apache_beam.portability.api import beam_provision_api_pb2_grpc as services
    from apache_beam.portability.api import endpoints_pb2 as endpoints
    from apache_beam.runners.worker import sdk_worker_main
    from apache_beam.runners.worker.worker_id_interceptor import WorkerIdInterceptor
    from google.protobuf import json_format, text_format  # type: ignore[import-untyped]

    with grpc.insecure_channel(provision_endpoint) as channel:
        service = services.ProvisionServiceStub(
            grpc.intercept_channel(channel, WorkerIdInterceptor(id))
        )
        try:
            answer = service.GetProvisionInfo(
                api.GetProvisionInfoRequest(), wait_for_ready=True, timeout=ANSWER_SECONDS
            )
        except grpc.RpcError as error:
            raise RunError(
                _(
                    "{endpoint}: no provision service of an engine answers ({reason}); an engine "
                    "starts `tamis worker` by itself",
                    endpoint=provision_endpoint,
                    reason=error.code().name,
                )
            ) from None
    info = answer.info
    os.environ["PIPELINE_OPTIONS"] = json_format.MessageToJson(info.pipeline_options)
    os.environ["RUNNER_CAPABILITIES"] = " ".join(info.runner_capabilities)
    for name, url in (
        ("CONTROL", info.control_endpoint.url or control_endpoint),
        ("LOGGING", info.logging_endpoint.url or logging_endpoint),
        ("STATUS", info.status_endpoint.url),
    ):
        if url:
            text = text_format.MessageToString(endpoints.ApiServiceDescriptor(url=url))
            os.environ[f"{name}_API_SERVICE_DESCRIPTOR"] = text
    sdk_worker_main.main([])
    return 0
