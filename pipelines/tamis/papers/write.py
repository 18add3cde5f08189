"""All papers of a policy on a day."""

import datetime

from tamis.documents.context import PolicyContext
from tamis.papers.flow import open_flow
from tamis.papers.impact import impact_paper
from tamis.papers.information import information_paper
from tamis.papers.paper import Paper
from tamis.papers.recipients import recipients_paper
from tamis.papers.retention import retention_paper
from tamis.papers.rights import rights_paper
from tamis.papers.sheet import register_sheet
from tamis.papers.texts import texts_paper


def write_paper(context: PolicyContext, day: datetime.date) -> Paper:
    """Return the papers of an opened policy, in the language in use.

    Args:
        context: the policy with all that decides about it.
        day: the day whose law applies.

    Raises:
        UsageError: no release of the policy is in force on the day.
        DocumentError: the policy violates a rule on that day.

    Example:
        >>> from tamis.documents.context import open_policy
        >>> from tamis.documents.project import bundled_documents
        >>> context = open_policy(bundled_documents(), "regularite-prestataires")
        >>> paper = write_paper(context, datetime.date(2026, 11, 29))
        >>> [section.key for section in paper.sections][:3]
        ['registre', 'aipd', 'information']
    """
    flow = open_flow(context, day)
    papers = (
        *(register_sheet, impact_paper, information_paper, recipients_paper),
        *(retention_paper, rights_paper, texts_paper),
    )
    return Paper(context.name, flow.policy(), day, tuple(write(flow) for write in papers))
