package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/edgeauth/edgeauth/config"
)

// checkDataDir says that server.data_dir could not be made or written to. Where that may be otherwise for the user that
// the edge runs as, or where the edge does without, it is a warning and no error.
func checkDataDir(cfg *config.Config, stderr io.Writer) error {
	if n := len(socketPath(cfg)); n > longestSocket {
		return fmt.Errorf("server.data_dir is too long by %d bytes for the control socket in it", n-longestSocket)
	}
	err := tryFolder(cfg.Server.DataDir)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		fmt.Fprintf(stderr, "warning: server.data_dir cannot be used by this user (the one that edgeauth runs as must be able to): %v\n", err)
		return nil
	case cfg.Store.Type == config.StoreRedis:
		fmt.Fprintf(stderr, "warning: server.data_dir cannot be used, so there will be no control socket, and revocations that wait for Redis will be in memory only: %v\n", err)
		return nil
	}
	return fmt.Errorf("server.data_dir cannot be used: %w", err)
}

// tryFolder makes a folder in dir, or in the nearest folder above it that is there, and removes it again: permissions
// alone do not tell whether that is possible.
func tryFolder(dir string) error {
	at, err := existing(dir)
	if err != nil {
		return err
	}
	probe, err := os.MkdirTemp(at, ".edgeauth-check-")
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return fmt.Errorf("making a folder in %s: %w", at, path.Err)
	}
	if err != nil {
		return err
	}
	return os.Remove(probe)
}

// existing returns dir or the nearest folder above it that is there.
func existing(dir string) (string, error) {
	for {
		info, err := os.Stat(dir)
		switch {
		case errors.Is(err, fs.ErrNotExist) && dir != filepath.Dir(dir):
			dir = filepath.Dir(dir)
		case err != nil:
			return "", err
		case !info.IsDir():
			return "", fmt.Errorf("%s is not a folder", dir)
		default:
			return dir, nil
		}
	}
}
