"""Training photos from a dataset on the Hugging Face Hub, into the Hub's own cache.

    local_photos("hf://datasets/owner/name")      # downloads them; returns the folder on this machine
    local_photos("photos/")                       # "photos/": it is on this machine already

A revision can follow the name, as in "owner/name@revision".
"""

from colorizer.errors import WeightsError
from colorizer.pretrained.hub_download import Address

DATASETS = "hf://datasets/"


def local_photos(text: str) -> str:
    """Where photos lie on this machine; those of "hf://datasets/owner/name[@revision]" are fetched first.

    Files that are in the cache already are not fetched again, so an interrupted download is simply repeated.

    Raises:
        FileNotFoundError: no such dataset, or no way to it.
    """
    if not text.startswith(DATASETS):
        return text
    import httpx2
    from huggingface_hub import snapshot_download

    try:
        address = Address.parse(text.removeprefix(DATASETS))
        return snapshot_download(address.repo, repo_type="dataset", revision=address.revision)
    except WeightsError as error:
        raise FileNotFoundError(
            f"Photos on the Hub are named {DATASETS}owner/name. Received: {text}"
        ) from error
    except (httpx2.HTTPError, OSError) as error:
        reason = " ".join(str(error).split()) or repr(error)
        raise FileNotFoundError(f"The photos {text} cannot be fetched: {reason}") from error
