"""Which file may be the next version of a proof."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from brief.domain.content import Attachment
from brief.domain.proofs import Proof, ProofState, ProofVersion
from optima_kit.refusals import Invalid

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


def submitted(proof: Proof, data: bytes) -> ProofVersion:
    file = Attachment(
        attachment_id=uuid4(),
        name="fronte.pdf",
        media_type="application/pdf",
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )
    return proof.submit(file, "visto-si-stampi", (), None, at=NOW, by=uuid4())


@pytest.mark.parametrize("state", [state for state in ProofState if state is not ProofState.SUPERSEDED])
def test_the_same_file_again_is_a_slip_unless_its_review_ended_without_a_verdict(state: ProofState) -> None:
    """Under another process, say, where there was none of that name: the artwork need not be changed."""
    proof = Proof(uuid4(), uuid4(), "Fronte")
    submitted(proof, b"fronte").state = state
    if state is ProofState.NOT_REVIEWED:
        assert submitted(proof, b"fronte").version == 2
        assert [each.state for each in proof.versions] == [state, ProofState.IN_REVIEW]
        return
    with pytest.raises(Invalid) as refused:
        submitted(proof, b"fronte")
    assert (refused.value.code, len(proof.versions)) == ("proof_file_unchanged", 1)
    assert submitted(proof, b"retro").version == 2
