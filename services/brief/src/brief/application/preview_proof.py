"""Store pictures of a proof version's pages. They are made after its submission, outside of any
transaction."""

from __future__ import annotations

from collections.abc import Sequence

from ..domain.content import Attachment
from ..domain.proofs import PreviewState
from .access import known_proof
from .ports import Ports, PreviewPage
from .submit_proof import RenderPreview


async def file_to_show(ports: Ports, wanted: RenderPreview) -> tuple[Attachment, bytes]:
    proof = await ports.proofs.find_proof(wanted.proof_id)
    data = await ports.proofs.find_file(wanted.proof_id, wanted.version)
    assert proof is not None
    assert data is not None
    return proof.version(wanted.version).file, data


async def show_pages(ports: Ports, wanted: RenderPreview, pages: Sequence[PreviewPage]) -> None:
    _, proof = await known_proof(
        ports, wanted.proof_id
    )  # locks the brief, because the review may end at the same time
    version = proof.version(wanted.version)
    version.preview, version.pages = (PreviewState.READY if pages else PreviewState.FAILED), len(pages)
    ports.proofs.insert_pages(proof.proof_id, version.version, pages)
    ports.proofs.update_version(proof.proof_id, version)


async def show_nothing(ports: Ports, wanted: RenderPreview) -> None:
    """Record that the file cannot be shown. It can still be downloaded and reviewed."""
    await show_pages(ports, wanted, ())
