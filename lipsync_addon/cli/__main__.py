"""python -m lipsync_addon.cli"""

from . import command

if __name__ == "__main__":  # processes of a batch import this module too
    command()
