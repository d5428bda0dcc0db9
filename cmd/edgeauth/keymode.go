package main

import (
	"log/slog"
	"os"
)

// tellWhoReads says who besides the owner of a ring's file can read or write it. The edge starts all the same: a mounted
// secret has the mode that its platform gives it. A group that may only read is how an owner who is not the edge lets the
// edge read, so that is no warning.
func tellWhoReads(path string, log *slog.Logger) {
	info, err := os.Stat(path)
	if err != nil {
		return // whoever reads the ring says what is wrong
	}
	mode := info.Mode().Perm()
	switch {
	case mode&0o027 != 0:
		log.Warn("others than the owner of the key ring can read or change it; whoever can forges sessions", "file", path, "mode", mode.String())
	case mode&0o040 != 0:
		log.Info("the group of the key ring can read it; whoever can forges sessions", "file", path, "mode", mode.String())
	}
}
