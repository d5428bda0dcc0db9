package strict

import (
	"errors"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// reference is ${...}, or $${ which stands for ${ itself.
var reference = regexp.MustCompile(`\$?\$\{[^}]*\}?`)

var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// expand replaces ${NAME} by the environment and ${file:path} by a file's content. What comes in is not expanded again.
func (d *decoder) expand(text string) (out string, changed bool, fault *Fault) {
	out = reference.ReplaceAllStringFunc(text, func(ref string) string {
		changed = true
		if strings.HasPrefix(ref, "$${") {
			return ref[1:]
		}
		value, err := d.resolve(ref)
		if err != nil && fault == nil {
			fault = err
		}
		return value
	})
	return out, changed, fault
}

func (d *decoder) resolve(ref string) (string, *Fault) {
	name, closed := strings.CutSuffix(ref[len("${"):], "}")
	if !closed {
		return "", &Fault{"`${` without a closing `}`", "write $${ for the characters ${ themselves"}
	}
	if file, ok := strings.CutPrefix(name, "file:"); ok {
		return d.readValue(file)
	}
	if !envName.MatchString(name) {
		return "", &Fault{"`" + printable(ref) + "` names no environment variable",
			"write ${NAME} or ${file:/path}; $${ stands for the characters ${ themselves"}
	}
	if v, ok := d.opts.Env(name); ok {
		return v, nil
	}
	return "", &Fault{"the environment variable `" + printable(name) + "` is not set", "set it, or write the value here"}
}

// readValue reads a file whose content is a value. Newlines at its end do not count.
func (d *decoder) readValue(path string) (string, *Fault) {
	path = d.absolute(path)
	b, fault := d.readFile(path)
	if fault != nil {
		return "", fault
	}
	if !slices.Contains(d.files, path) {
		d.files = append(d.files, path)
	}
	if !utf8.Valid(b) {
		return "", &Fault{"the file `" + printable(path) + "` is not UTF-8 text", ""}
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}

func (d *decoder) readFile(path string) ([]byte, *Fault) {
	b, err := d.opts.ReadFile(path)
	switch {
	case err == nil:
		return b, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, &Fault{"the file does not exist: " + printable(path), ""}
	case errors.Is(err, fs.ErrPermission):
		return nil, &Fault{"the file may not be read: " + printable(path), "give the user that runs edgeauth permission to read it"}
	}
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		err = pe.Err
	}
	return nil, &Fault{"reading the file " + printable(path) + ": " + err.Error(), ""}
}

// absolute resolves a path against the folder of the configuration file.
func (d *decoder) absolute(path string) string {
	if path == "" || filepath.IsAbs(path) || d.opts.Dir == "" {
		return path
	}
	return filepath.Join(d.opts.Dir, path)
}
