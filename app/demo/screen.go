package demo

import (
	"fmt"
	"io"
	"strings"
	"sync"
)

// screen prints the story; the timeline comes from another goroutine.
type screen struct {
	mu  sync.Mutex
	out io.Writer
}

func (s *screen) printf(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(s.out, format+"\n", args...)
}

func (s *screen) heading(format string, args ...any) { s.printf("\n\n== "+format, args...) }

// says tells what is about to happen.
func (s *screen) says(format string, args ...any) { s.printf("\n   "+format, args...) }

// checked tells of a check that holds.
func (s *screen) checked(format string, args ...any) { s.printf("   ✓ "+format, args...) }

// shows prints a text that somebody received.
func (s *screen) shows(title, text string) {
	var b strings.Builder
	fmt.Fprintf(&b, "   ┌─ %s\n", title)
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		fmt.Fprintf(&b, "   │ %s\n", line)
	}
	b.WriteString("   └─")
	s.printf("%s", b.String())
}
