"""Pictures of a version's pages are made once it is submitted, outside of any transaction."""

from __future__ import annotations

from collections.abc import Sequence

from ..domain.content import Attachment
from ..domain.proofs import PreviewState, Proof, ProofVersion
from .access import known_brief
from .ports import Ports, PreviewPage
from .submit_proof import PreviewWanted


async def file_to_show(ports: Ports, wanted: PreviewWanted) -> tuple[Attachment, bytes]:
    proof = await ports.proofs.find_proof(wanted.proof_id)
    data = await ports.proofs.find_file(wanted.proof_id, wanted.version)
    assert proof is not None
    assert data is not None
    return proof.version(wanted.version).file, data


async def show_pages(ports: Ports, wanted: PreviewWanted, pages: Sequence[PreviewPage]) -> None:
    proof, version = await _version_to_change(ports, wanted)
    version.preview, version.pages = (PreviewState.READY if pages else PreviewState.FAILED), len(pages)
    ports.proofs.insert_pages(proof.proof_id, version.version, pages)
    ports.proofs.update_version(proof.proof_id, version)


async def show_nothing(ports: Ports, wanted: PreviewWanted) -> None:
    """The file can't be shown; it may be downloaded all the same, and reviewed."""
    await show_pages(ports, wanted, ())


async def _version_to_change(ports: Ports, wanted: PreviewWanted) -> tuple[Proof, ProofVersion]:
    """With its brief locked: its review may end at the same time."""
    known = await ports.proofs.find_proof(wanted.proof_id)
    assert known is not None
    await known_brief(ports, known.brief_id)
    proof = await ports.proofs.find_proof(wanted.proof_id)
    assert proof is not None
    return proof, proof.version(wanted.version)
