"""Images that ask for something in their variables, as those with PyTorch and CUDA do. They hold no more than busybox."""
from . import busybox
from .oci import Image
from .plain import PATH


def make_asking():
    """busybox; tags: pytorch (PYTORCH_VERSION), cuda (NVIDIA_VISIBLE_DEVICES and its like, as CUDA images have them)"""
    image, root = Image(), busybox.root("asking")
    image.manifest([root], ["pytorch"], Env=[PATH, "PYTORCH_VERSION=2.1.0"], Cmd=["sh"])
    image.manifest([root], ["cuda"], Cmd=["sh"],
                   Env=[PATH, "NVIDIA_VISIBLE_DEVICES=all", "NVIDIA_DRIVER_CAPABILITIES=compute,utility",
                        "NVIDIA_REQUIRE_CUDA=cuda>=12.0 brand=tesla,driver>=470,driver<471", "CUDA_VERSION=12.0.1"])
    return image


RECIPES = {"asking": make_asking}
