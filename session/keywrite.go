package session

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// CreateKeys writes a ring file with a new pepper, readable by its owner only. One that is there already is fs.ErrExist
// and stays as it is, also when two of them try at once, unless the file system has no hard links.
func CreateKeys(path string, keys []Key) error {
	return writeKeys(path, keys, newPepper(), func(tmp *os.File) error {
		err := os.Link(tmp.Name(), path)
		if err == nil || errors.Is(err, fs.ErrExist) {
			return err
		}
		if _, missing := os.Lstat(path); missing == nil {
			return fs.ErrExist
		}
		return os.Rename(tmp.Name(), path) // a file system without hard links
	})
}

// WriteKeys replaces a ring file in one step. Its owner and mode stay, so that an edge that could read it still can; a
// new one is readable by its owner only. Its pepper stays too, and one without gets one. Where path is a link, the
// file that it leads to is replaced.
func WriteKeys(path string, keys []Key) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	pepper, err := pepperOf(path)
	if err != nil {
		return err
	}
	return writeKeys(path, keys, pepper, func(tmp *os.File) error {
		if err := likeBefore(tmp, path); err != nil {
			return err
		}
		return os.Rename(tmp.Name(), path)
	})
}

func writeKeys(path string, keys []Key, pepper Secret, place func(*os.File) error) error {
	data, err := encodeKeys(keys, pepper)
	if err != nil {
		return err
	}
	if err := besides(path, data, place); err != nil {
		return fmt.Errorf("writing the key ring %s: %w", path, err)
	}
	return nil
}

func encodeKeys(keys []Key, pepper Secret) ([]byte, error) {
	f := keyFile{Pepper: base64.StdEncoding.EncodeToString(pepper[:])}
	for _, k := range keys {
		der, err := x509.MarshalPKCS8PrivateKey(k.Signing)
		if err != nil {
			return nil, fmt.Errorf("encoding signing key of %s: %w", k.ID, err)
		}
		rec := keyRecord{ID: k.ID.String(), Secret: base64.StdEncoding.EncodeToString(k.Secret[:]),
			Signing: base64.StdEncoding.EncodeToString(der), ActiveFrom: k.ActiveFrom.UTC()}
		if !k.RetireAfter.IsZero() {
			rec.RetireAfter = &k.RetireAfter
		}
		f.Keys = append(f.Keys, rec)
	}
	data, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding the key ring: %w", err)
	}
	return append(data, '\n'), nil
}

// besides writes a file in the folder of path and lets place put it there, so that a reader sees the old ring or the new
// one.
func besides(path string, data []byte, place func(*os.File) error) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".keys-*") // made with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	if _, err := tmp.Write(data); err != nil {
		return err
	}
	if err := tmp.Sync(); err != nil {
		return err
	}
	return place(tmp)
}

// likeBefore gives a file the owner and mode of the one that it will replace, if there is one.
func likeBefore(f *os.File, path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if was, ok := info.Sys().(*syscall.Stat_t); ok {
		if err := f.Chown(int(was.Uid), int(was.Gid)); err != nil {
			return fmt.Errorf("keeping its owner: %w", err)
		}
	}
	return f.Chmod(info.Mode().Perm())
}
