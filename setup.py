"""Builds the native engine where that is possible. Everything else about the package is in pyproject.toml.

``AUTOGRAD_BUILD`` says what to do: ``auto`` (the default) compiles it where there is a C compiler and leaves it out, with a
note, where there is none; ``require`` fails there; ``pure`` leaves it out. Once compiling has begun, whatever goes wrong
is an error: a mistake in the source must never pass for a missing compiler.
"""

import os
import re
import sys
import sysconfig
import tempfile
import tomllib
from glob import glob
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py

BUILDING = {"bdist_wheel", "editable_wheel", "build", "build_ext", "install", "develop"}
# The compiler must neither fuse a product and a sum into one rounding, nor put its own sine, power or exponential in the place
# of the C library's, which are those of Python: both engines give the same bits.
ITS_OWN = "acos acosh asin asinh atan atan2 atanh cbrt cos cosh erf exp exp2 expm1 log log10 log1p log2 pow sin sinh tan tanh"
FLAGS = {
    "msvc": ["/O2", "/fp:precise"],
    "unix": ["-O3", "-g0", "-ffp-contract=off", *[f"-fno-builtin-{name}" for name in ITS_OWN.split()]],
}


def obstacle() -> str:
    """What keeps the native engine from being compiled here; empty if nothing does."""
    try:
        import Cython  # noqa: F401
    except ImportError:
        return "Cython is not installed"
    from distutils.ccompiler import new_compiler
    from distutils.errors import CCompilerError, DistutilsError
    from distutils.sysconfig import customize_compiler

    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "probe.c")
        source.write_text("#include <Python.h>\n#include <math.h>\ndouble probe(double x) { return tanh(x); }\n")
        try:
            compiler = new_compiler()
            customize_compiler(compiler)
            compiler.compile([str(source)], output_dir=folder, include_dirs=[sysconfig.get_path("include")])
        except (CCompilerError, DistutilsError, OSError) as error:
            return f"no C compiler that works ({error})"
    return ""


def long_description() -> str:
    """README.md with absolute addresses: where a package is presented, there is no checkout around it."""
    repository = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]["Repository"]
    text = Path("README.md").read_text(encoding="utf-8")
    raw = repository.replace("https://github.com/", "https://raw.githubusercontent.com/")
    text = re.sub(r"(!\[[^]]*\]\()(?!https?:|#)", rf"\g<1>{raw}/main/", text)
    return re.sub(r"(?<!!)(\[[^]]*\]\()(?!https?:|#)", rf"\g<1>{repository}/blob/main/", text)


class BuildPython(build_py):
    """Says what was left out, in the one command that every build runs once."""

    note = ""

    def run(self):
        super().run()
        if self.note:
            print(self.note, file=sys.stderr)


class BuildNative(build_ext):
    """Translates the Cython source outside of the source tree, and picks the flags."""

    def build_extension(self, ext):
        from Cython.Build import cythonize

        (translated,) = cythonize([ext], build_dir=self.build_temp, quiet=True)
        ext.sources = translated.sources
        ext.extra_compile_args = FLAGS["msvc" if self.compiler.compiler_type == "msvc" else "unix"]
        super().build_extension(ext)


wanted = os.environ.get("AUTOGRAD_BUILD", "auto")
if wanted not in ("auto", "require", "pure"):
    sys.exit(f"AUTOGRAD_BUILD is {wanted!r}; write auto, require or pure")
reason = "AUTOGRAD_BUILD is pure" if wanted == "pure" else obstacle() if BUILDING & set(sys.argv) else ""
if reason and wanted == "require":
    sys.exit(f"the native engine can't be built: {reason}; AUTOGRAD_BUILD=auto installs the reference engine alone")
if reason:
    BuildPython.note = f"glassgrad is built without its native engine: {reason}; the reference engine does the same, slower"
setup(
    long_description=long_description(),
    long_description_content_type="text/markdown",
    cmdclass={"build_py": BuildPython, "build_ext": BuildNative},
    ext_modules=[]
    if reason
    else [
        Extension(
            "autograd._native",
            ["autograd/_native.pyx", "autograd/_sequences.c"],
            include_dirs=["autograd"],
            depends=[*sorted(glob("autograd/_*.pxi")), *sorted(glob("autograd/_*.h"))],
            define_macros=[("CYTHON_USE_TYPE_SPECS", "1")],  # a type made at run time: its members can be those of the twin
        )
    ],
)
