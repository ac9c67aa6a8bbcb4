package jsonata

import (
	"embed"
	"errors"
	"io/fs"
	"sync"

	"github.com/grafana/sobek"

	"riposte.dev/fault"
)

//go:embed script
var files embed.FS

//go:embed driver.js
var driver string

// ErrNoScript is why nothing can be compiled in a riposte that was built without the script.
var ErrNoScript error = fault.New(fault.Unavailable, "this riposte was built without JSONata").
	WithHint("make script build builds one with it; or leave QueryLanguage out and write paths")

// code is what every VM runs first.
type code struct{ script, driver *sobek.Program }

// loaded is the code, compiled at the first use and not at the start of the process.
var loaded = sync.OnceValues(func() (code, error) { return load(files) })

func load(from fs.FS) (c code, err error) {
	src, err := fs.ReadFile(from, "script/jsonata.min.js")
	if errors.Is(err, fs.ErrNotExist) {
		return c, ErrNoScript
	} else if err != nil {
		return c, fault.New(fault.Internal, "jsonata: %v", err)
	}
	wrapped := "(function(){var module={exports:{}},exports=module.exports;" + string(src) + "\n;return module.exports})()"
	if c.script, err = sobek.Compile("jsonata.min.js", wrapped, false); err == nil {
		c.driver, err = sobek.Compile("driver.js", driver, true)
	}
	return c, err
}
