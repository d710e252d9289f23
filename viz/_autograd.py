"""Checks, before anything else of viz is imported, that ``import autograd`` gives glassgrad's package."""

import autograd

if not hasattr(autograd, "Primitive"):
    raise ImportError(
        f"viz needs glassgrad's package autograd, and `import autograd` gives {getattr(autograd, '__file__', autograd)}; "
        f"if that is a file of yours, rename it; if it is HIPS autograd, which has the same name, run "
        f"`pip uninstall autograd glassgrad` and install glassgrad again"
    )
