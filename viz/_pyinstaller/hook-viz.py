"""What PyInstaller can't see of viz: the views, which are found by name, their pages and words, and pygraphviz."""

from PyInstaller.utils.hooks import can_import_module, collect_data_files, collect_submodules

hiddenimports = collect_submodules("viz", filter=lambda name: "_pyinstaller" not in name)
hiddenimports += [name for name in ("graphviz", "pygraphviz") if can_import_module(name)]
datas = collect_data_files("viz")
