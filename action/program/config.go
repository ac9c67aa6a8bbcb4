package program

import (
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"riposte.dev/action"
	"riposte.dev/conf"
)

// Config is a program that playbooks may run, as it stands in the configuration. Without one nothing can be run.
type Config struct {
	Path        string            `yaml:"path" conf:"required"` // absolute
	SHA256      string            `yaml:"sha256"`               // of the file, hexadecimal; "": not compared
	Args        []string          `yaml:"args"`
	Environment map[string]string `yaml:"environment"` // all that it gets
	Directory   string            `yaml:"directory"`   // in which it runs; default /
	Timeout     time.Duration     `yaml:"timeout"`     // default 30s
	MaxOutput   int               `yaml:"max_output"`  // bytes; default and most 65536
	Undo        string            `yaml:"undo"`        // name of the program that takes back what this one did; "": nothing does
}

const (
	defaultTimeout = 30 * time.Second
	maxTimeout     = time.Hour
)

func (c Config) withDefaults() Config {
	if c.Directory == "" {
		c.Directory = "/"
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.MaxOutput == 0 {
		c.MaxOutput = action.MaxOutput
	}
	return c
}

var (
	programName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)
	hashForm    = regexp.MustCompile(`^[0-9a-fA-F]{64}$`)
	variable    = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// Check finds every mistake in the programs; paths are relative to the map of them. It looks at no file.
func Check(programs map[string]Config) conf.Problems {
	var problems conf.Problems
	for _, name := range slices.Sorted(maps.Keys(programs)) {
		problems = append(problems, check(name, programs).In(conf.FieldPath("", name))...)
	}
	return problems
}

func check(name string, programs map[string]Config) conf.Problems {
	var problems conf.Problems
	fail := func(wrong bool, field, hint, message string) {
		if wrong {
			problems = append(problems, conf.Problem{Path: field, Message: message, Hint: hint})
		}
	}
	c := programs[name]
	fail(!programName.MatchString(name), "", "use 1 to 40 lower-case letters, digits and dashes", "that is not a program's name")
	fail(c.Path != "" && (!filepath.IsAbs(c.Path) || filepath.Clean(c.Path) != c.Path), "path", "write it from the root on, such as /usr/local/bin/firewall", "the path of a program must be absolute")
	fail(c.Directory != "" && !filepath.IsAbs(c.Directory), "directory", "write it from the root on", "the directory must be absolute")
	fail(c.SHA256 != "" && !hashForm.MatchString(c.SHA256), "sha256", "write what sha256sum prints", "that is no SHA-256")
	fail(c.Timeout < 0 || c.Timeout > maxTimeout, "timeout", "write a time up to 1h", "the timeout is out of range")
	fail(c.MaxOutput < 0 || c.MaxOutput > action.MaxOutput, "max_output", "write at most 65536 bytes", "the bound on the output is out of range")
	for _, key := range slices.Sorted(maps.Keys(c.Environment)) {
		fail(!variable.MatchString(key) || strings.ContainsRune(c.Environment[key], 0), conf.FieldPath("environment", key), "use letters, digits and underscores", "that is no variable of an environment")
	}
	if c.Undo != "" {
		_, there := programs[c.Undo]
		fail(!there, "undo", "name a program of this list", "there is no program "+c.Undo)
		fail(c.Undo == name, "undo", "name another program", "a program can't take back what it did by doing it again")
	}
	return problems
}
