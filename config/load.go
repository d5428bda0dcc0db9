package config

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/edgeauth/edgeauth/config/internal/format"
	"github.com/edgeauth/edgeauth/config/internal/strict"
)

// maxSecretBytes bounds the files that a configuration refers to.
const maxSecretBytes = 1 << 20

// Loader reads configurations with an environment and a file system of the caller's choice.
type Loader struct {
	Env      func(name string) (string, bool)  // for ${NAME}; nil: nothing is set
	ReadFile func(path string) ([]byte, error) // for secrets and certificates; nil: regular files up to 1 MiB
}

// Load reads and checks the file at path. Mistakes in it come back as *[Errors], all of them; a file that cannot be read
// as the error of the operating system. env is os.LookupEnv in production. Relative paths in the file start at its folder.
func Load(path string, env func(name string) (string, bool)) (*Config, error) {
	return Loader{Env: env}.Load(path)
}

// Parse checks the content of a configuration file called name, like [Load].
func Parse(name string, data []byte, env func(name string) (string, bool)) (*Config, error) {
	return Loader{Env: env}.Parse(name, data)
}

// AdminListen reads nothing but admin.listen of the file at path, whatever else is wrong with it; where it can't be read
// there, it is the default. With it a running edge is asked that goes on with what the file said before it was broken.
// The error is one of reading the file.
func AdminListen(path string, env func(name string) (string, bool)) (string, error) {
	data, err := read(path)
	if err != nil {
		return "", err
	}
	c, _ := Loader{Env: env}.decode(path, data)
	return c.Admin.Listen, nil
}

// Load is like the function [Load].
func (l Loader) Load(path string) (*Config, error) {
	data, err := read(path)
	if err != nil {
		return nil, err
	}
	return l.Parse(path, data)
}

func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the configuration: %w", err)
	}
	defer f.Close()
	// One byte more than allowed is read, so that Parse can say that it is too much.
	data, err := io.ReadAll(io.LimitReader(f, strict.MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	return data, nil
}

// Parse is like the function [Parse].
func (l Loader) Parse(name string, data []byte) (*Config, error) {
	c, r := l.decode(name, data)
	resolve(c, r)
	validate(c, r)
	if problems := r.Problems(); len(problems) > 0 {
		return nil, &Errors{List: describe(name, problems)}
	}
	c.Warnings = describe(name, r.Warnings())
	c.Files = r.Files()
	return c, nil
}

// decode reads the values one by one, each by itself.
func (l Loader) decode(name string, data []byte) (*Config, *strict.Result) {
	if l.Env == nil {
		l.Env = func(string) (string, bool) { return "", false }
	}
	if l.ReadFile == nil {
		l.ReadFile = readRegular
	}
	c := &Config{}
	return c, strict.Decode(data, c, strict.Options{Dir: filepath.Dir(name), Env: l.Env, ReadFile: l.ReadFile, Formats: format.All()})
}

func describe(file string, problems []strict.Problem) []Error {
	var out []Error
	for _, p := range problems {
		out = append(out, Error{
			File: file, Line: p.Line, Column: p.Column, Message: p.Message, Hint: p.Hint, Source: p.Source, Caret: p.Caret,
		})
	}
	return out
}

// readRegular reads a file that has an end: a device or pipe could keep a reload waiting for ever.
func readRegular(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("not a regular file")
	}
	if info.Size() > maxSecretBytes {
		return nil, fmt.Errorf("larger than %d bytes", maxSecretBytes)
	}
	return os.ReadFile(path)
}
