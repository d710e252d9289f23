"""What PyInstaller can't see of autograd: the native engine, and the source that programs in other languages come from."""

from PyInstaller.utils.hooks import collect_submodules

hiddenimports = collect_submodules("autograd", filter=lambda name: not name.startswith("autograd.testing"))
module_collection_mode = {"autograd": "pyz+py"}
