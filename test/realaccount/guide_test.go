package realaccount_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"
)

// A block is a ```sh block of the guide after a comment that says what to do with it: <!-- run -->, or
// <!-- run: background --> for what would have a terminal of its own. <!-- stop --> alone ends what runs there.
type block struct {
	line   int // of the file, from 1
	kind   string
	script string
	expect []*regexp.Regexp
	within time.Duration // the block is run again until then; 0: once
}

// Kinds of blocks.
const (
	once       = "run"
	background = "run: background"
	stop       = "stop"
)

var (
	mark        = regexp.MustCompile(`^<!-- (.*) -->$`)
	expectation = regexp.MustCompile(`^expect(?: within (\S+))?: (.*)$`)
)

// readGuide returns the marked blocks of a guide in order. A comment that it doesn't know is an error, so that a slip of the
// pen leaves nothing out.
func readGuide(path string) ([]block, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var blocks []block
	marked, inside, taken := "", false, false
	for i, line := range strings.Split(string(text), "\n") {
		comment := mark.FindStringSubmatch(line)
		switch {
		case inside && line == "```":
			inside, taken = false, false
		case inside && taken:
			last := &blocks[len(blocks)-1]
			last.script += line + "\n"
		case inside:
		case strings.HasPrefix(line, "```"):
			inside, taken = true, marked != ""
			if taken && line != "```sh" {
				return nil, fmt.Errorf("line %d: %s stands before no sh block", i+1, marked)
			}
			if taken {
				blocks = append(blocks, block{line: i + 1, kind: marked})
			}
			marked = ""
		case comment == nil:
			if marked != "" && line != "" {
				return nil, fmt.Errorf("line %d: <!-- %s --> stands before no block", i+1, marked)
			}
		case comment[1] == once || comment[1] == background:
			marked = comment[1]
		case comment[1] == stop:
			blocks = append(blocks, block{line: i + 1, kind: stop})
		default:
			if len(blocks) == 0 {
				return nil, fmt.Errorf("line %d: there is no block before it", i+1)
			}
			if err := blocks[len(blocks)-1].add(comment[1]); err != nil {
				return nil, fmt.Errorf("line %d: %w", i+1, err)
			}
		}
	}
	return blocks, nil
}

// add takes in what a block's output is expected to have.
func (b *block) add(comment string) error {
	parts := expectation.FindStringSubmatch(comment)
	if parts == nil {
		return fmt.Errorf("<!-- %s --> is not understood", comment)
	}
	pattern, err := regexp.Compile(parts[2])
	if err != nil {
		return err
	}
	b.expect = append(b.expect, pattern)
	if parts[1] != "" {
		b.within, err = time.ParseDuration(parts[1])
	}
	return err
}

// missing returns the first expectation that an output doesn't meet.
func (b *block) missing(output string) *regexp.Regexp {
	for _, e := range b.expect {
		if !e.MatchString(output) {
			return e
		}
	}
	return nil
}
