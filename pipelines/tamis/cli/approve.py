"""`tamis approve`: bind an opinion to what a policy releases, as it is."""

import io
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

from tamis.check.approval import FORM, intervals_of
from tamis.check.changes import describe_changes
from tamis.check.check import judge_policy
from tamis.cli.day import read_day
from tamis.documents.approval import Approval, Opinion
from tamis.documents.calendar import today
from tamis.documents.context import open_policy
from tamis.errors import DocumentError, UsageError
from tamis.language import _, ngettext
from tamis.plan.project import Project


def approve(
    project: Project, policy: str, *, by: str, role: str, until: str, opinion: Opinion, note: str
) -> int:
    """Write `policies/approvals/POLICY.yaml`, and print what changed since the last one.

    Raises:
        UsageError: `until` is no day to come, or nothing is released until then.
        DocumentError: documents do not follow their grammar, or the policy breaks a rule.
    """
    begin, end = today(), read_day(until)
    if end <= begin:
        raise UsageError(_("--until {day}: must be after today, {today}", day=end, today=begin))
    if not by.strip() or not role.strip():
        raise UsageError(_("--by and --role must not be empty"))
    context = open_policy(project, policy)
    if violations := judge_policy(context):
        raise DocumentError(*(violation.dated for violation in violations))
    intervals = intervals_of(context, begin, end)
    before = project.approval(policy)
    approval = Approval(
        policy=policy,
        opinion=opinion,
        by=by,
        role=role,
        on=begin,
        until=end,
        note=note,
        form=FORM,
        intervals=intervals,
    )
    approval = approval.model_copy(update={"sha256": approval.digest()})
    path = project.folder / "policies" / "approvals" / f"{policy}.yaml"
    path.parent.mkdir(exist_ok=True)
    _write(path, approval)
    if before is not None and (known := before[0].interval_on(begin)) is not None:
        for sentence in describe_changes(known.content, intervals[0].content):
            print(sentence)
    count = ngettext("{count} interval", "{count} intervals", len(intervals))
    text = _("{policy}: {opinion}, until {day} ({count}): {path}")
    print(text.format(policy=policy, opinion=opinion, day=end, count=count, path=path))
    return 0


def _write(path: Path, approval: Approval) -> None:
    data = approval.model_dump(by_alias=True, exclude_defaults=True)
    data["intervals"] = [
        {**interval, "content": LiteralScalarString(interval["content"])}
        for interval in data["intervals"]
    ]
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 4096
    yaml.representer.ignore_aliases = lambda _value: True
    yaml.allow_unicode = True
    out = io.StringIO()
    yaml.dump(data, out)
    path.write_text(out.getvalue(), encoding="utf-8")
