#!/bin/sh
# Stands in for terraform and tofu under whatever name it is linked to: prints the file NAME.version beside that name.
exec cat "$0.version"
