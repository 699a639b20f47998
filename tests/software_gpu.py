"""A GPU in software: the webgpu provider on SwiftShader. What it needs is set here and nowhere in the package."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from needs import need

ICD = Path("/usr/lib/chromium/vk_swiftshader_icd.json")
ENVIRONMENT = {
    "VK_DRIVER_FILES": str(ICD),
    "VK_ICD_FILENAMES": str(ICD),
    "ORT_WEBGPU_EP_ALLOW_SOFTWARE_ADAPTER": "1",
}


def offer():
    """Let this process and its children find it; before anything asks for devices."""
    if ICD.exists():
        for name, value in ENVIRONMENT.items():
            os.environ.setdefault(name, value)


def need_software_gpu():
    """Skip the test where there is none."""
    need("onnxruntime-ep-webgpu", importlib.util.find_spec("onnxruntime_ep_webgpu") is not None)
    need("SwiftShader's Vulkan driver (Debian: chromium-common and libvulkan1)", ICD.exists())
