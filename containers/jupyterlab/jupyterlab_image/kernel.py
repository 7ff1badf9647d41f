"""`python kernel.py PACKAGES -f FILE`: a kernel in another image's Python, by the ipykernel of JupyterLab's.

PACKAGES, which has it, comes last: what the image has itself, it uses itself.
"""

import sys


def main() -> None:
    """Be the kernel."""
    sys.path[0:1] = []  # this file's folder
    sys.path.append(sys.argv.pop(1))
    from ipykernel.kernelapp import launch_new_instance

    launch_new_instance()


if __name__ == "__main__":
    main()
