package sandbox

import (
	"regexp"
	"sync"
)

// form compiles an expression at its first use: a bounded repetition makes a large program, which who only links the sandbox
// should not hold.
func form(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}
