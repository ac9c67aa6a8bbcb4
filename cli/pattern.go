package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"riposte.dev/fault"
	"riposte.dev/pattern"
)

func newPatternCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "pattern",
		Short: "Try event patterns: explain and check them, match events, measure",
		Long: `Event patterns are EventBridge's: docs/reference/patterns.md specifies them.
test and explain are for people; match and check answer many cases, for programs.`,
		Example: `  riposte pattern test stop-logging.json event.json
  riposte pattern explain --pattern stop-logging.json --event event.json
  echo '{"id":1,"pattern":{"source":["aws.ec2"]},"event":{"source":"aws.ec2"}}' | riposte pattern match
  riposte pattern check --cases patterns.ndjson
  riposte pattern bench --rules rules.json --events events.ndjson --seconds 5`,
	}
	cmd.AddCommand(newPatternTest(), newPatternExplain(), newPatternMatch(), newPatternCheck(), newPatternBench())
	return cmd
}

func newPatternTest() *cobra.Command {
	return &cobra.Command{
		Use:   "test PATTERNFILE EVENTFILE...",
		Short: "Say whether events match a pattern; exit 1 if one does not",
		Long: `PATTERNFILE holds one pattern, each EVENTFILE one event or several after one another; "-" is standard input.
What is odd about the pattern is said on standard error. The exit code is 0 if every event matches, else 1.`,
		Example: `  riposte pattern test stop-logging.json event.json
  zcat events.ndjson.gz | riposte pattern test stop-logging.json -`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return testPattern(cmd, args[0], args[1:])
		},
	}
}

func testPattern(cmd *cobra.Command, patternFile string, eventFiles []string) error {
	text, err := readFile(cmd, patternFile, pattern.MaxPatternBytes)
	if err != nil {
		return err
	}
	p, err := pattern.Parse(text)
	if err != nil {
		return fmt.Errorf("%s is no pattern:\n%w", patternFile, err)
	}
	for _, w := range p.Lint() {
		fmt.Fprintf(cmd.ErrOrStderr(), "%s: warning: %s\n", patternFile, w)
	}
	all := true
	for _, file := range eventFiles {
		matched, err := testEvents(cmd, p, file)
		if err != nil {
			return err
		}
		all = all && matched
	}
	if !all {
		return errFailed
	}
	return nil
}

// testEvents prints a line for each event of a file and reports whether all match.
func testEvents(cmd *cobra.Command, p *pattern.Pattern, file string) (bool, error) {
	in, closeFile, err := openInput(cmd, file)
	if err != nil {
		return false, err
	}
	defer closeFile()
	events := json.NewDecoder(in)
	all := true
	for n := 1; ; n++ {
		var event json.RawMessage
		if err := events.Decode(&event); errors.Is(err, io.EOF) && n > 1 {
			return all, nil
		} else if errors.Is(err, io.EOF) {
			return false, fault.New(fault.Invalid, "%s holds no event", file).WithHint("give one JSON object, or several after one another")
		} else if err != nil {
			return false, fault.New(fault.Invalid, "%s: event %d at byte %d: %w", file, n, events.InputOffset(), err)
		}
		matched, err := p.Match(event)
		if err != nil {
			return false, fmt.Errorf("%s: event %d: %w", file, n, err)
		}
		verdict := "match"
		if !matched {
			verdict, all = "no match", false
		}
		if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s: event %d: %s\n", file, n, verdict); err != nil {
			return false, err
		}
	}
}

// openInput opens a file, or standard input for "-".
func openInput(cmd *cobra.Command, path string) (io.Reader, func(), error) {
	if path == "-" {
		return cmd.InOrStdin(), func() {}, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	return f, func() { f.Close() }, nil
}

// readFile reads at most limit bytes and refuses more.
func readFile(cmd *cobra.Command, path string, limit int64) ([]byte, error) {
	in, closeFile, err := openInput(cmd, path)
	if err != nil {
		return nil, err
	}
	defer closeFile()
	text, err := io.ReadAll(io.LimitReader(in, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if int64(len(text)) > limit {
		return nil, fault.New(fault.TooLarge, "%s is larger than %d bytes", path, limit)
	}
	return text, nil
}

func newPatternMatch() *cobra.Command {
	var cases string
	cmd := &cobra.Command{
		Use:   "match",
		Short: "Answer cases of patterns and events (NDJSON)",
		Long: `Reads one case a line and answers each with a line, in the same order:
  {"id","pattern","event"}                     {"id","result":true|false}
  {"id","pattern","events":[…]}                {"id","results":[…]}
  {"id","rules":[{"name","pattern"}…],"event"} {"id","matched":[names, sorted, each once]}
A bad pattern, event or line is answered {"id","result":"error","error":"…"}. A pattern or event is JSON text in a
string, or a JSON object. Rules of one name are alternatives.`,
		Example: `  riposte pattern match --cases cases.ndjson
  echo '{"id":1,"pattern":"{\"a\":[1]}","event":"{\"a\":1.0}"}' | riposte pattern match`,
		RunE: func(cmd *cobra.Command, _ []string) error { return answerCases(cmd, cases, answerMatch) },
	}
	addCasesFlag(cmd, &cases)
	return cmd
}

func addCasesFlag(cmd *cobra.Command, cases *string) {
	cmd.Flags().StringVar(cases, "cases", "-", `file with one case a line; "-" is standard input`)
}

// matchCase is a line of `pattern match`.
type matchCase struct {
	ID      json.RawMessage   `json:"id"`
	Pattern json.RawMessage   `json:"pattern"`
	Event   json.RawMessage   `json:"event"`
	Events  []json.RawMessage `json:"events"`
	Rules   []struct {
		Name    string          `json:"name"`
		Pattern json.RawMessage `json:"pattern"`
	} `json:"rules"`
}

// The answers of `pattern match`.
type (
	matchResult struct {
		ID     json.RawMessage `json:"id"`
		Result bool            `json:"result"`
	}
	matchResults struct {
		ID      json.RawMessage `json:"id"`
		Results []bool          `json:"results"`
	}
	matchedNames struct {
		ID      json.RawMessage `json:"id"`
		Matched []string        `json:"matched"`
	}
	matchFailure struct {
		ID     json.RawMessage `json:"id"`
		Result string          `json:"result"`
		Error  string          `json:"error"`
	}
)

func answerMatch(line []byte, err error) any {
	var c matchCase
	if err == nil {
		err = json.Unmarshal(line, &c)
	}
	if err != nil {
		return matchFailure{ID: c.ID, Result: "error", Error: "the line is not a case: " + err.Error()}
	}
	answer, err := c.answer()
	if err != nil {
		return matchFailure{ID: c.ID, Result: "error", Error: err.Error()}
	}
	return answer
}

func (c *matchCase) answer() (any, error) {
	switch {
	case c.Rules != nil:
		return c.matched()
	case c.Pattern == nil:
		return nil, errors.New(`the case has neither "pattern" nor "rules"`)
	}
	p, err := parsePattern(c.Pattern)
	if err != nil {
		return nil, err
	}
	if c.Events == nil {
		result, err := matchEvent(p, c.Event)
		return matchResult{ID: c.ID, Result: result}, err
	}
	results := make([]bool, len(c.Events))
	for i, event := range c.Events {
		if results[i], err = matchEvent(p, event); err != nil {
			return nil, fmt.Errorf("event %d: %w", i+1, err)
		}
	}
	return matchResults{ID: c.ID, Results: results}, nil
}

func (c *matchCase) matched() (any, error) {
	m := pattern.New()
	for _, r := range c.Rules {
		p, err := parsePattern(r.Pattern)
		if err != nil {
			return nil, fmt.Errorf("rule %q: %w", r.Name, err)
		}
		m.Add(r.Name, p)
	}
	event, err := jsonText(c.Event, "event")
	if err != nil {
		return nil, err
	}
	names, err := m.Match(event)
	if names == nil {
		names = []string{}
	}
	return matchedNames{ID: c.ID, Matched: names}, err
}

func parsePattern(raw json.RawMessage) (*pattern.Pattern, error) {
	text, err := jsonText(raw, "pattern")
	if err != nil {
		return nil, err
	}
	p, err := pattern.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("bad pattern: %w", err)
	}
	return p, nil
}

func matchEvent(p *pattern.Pattern, raw json.RawMessage) (bool, error) {
	event, err := jsonText(raw, "event")
	if err != nil {
		return false, err
	}
	return p.Match(event)
}

// jsonText returns the JSON text that a field of a case holds: as the content of a string, or as an object.
func jsonText(raw json.RawMessage, field string) ([]byte, error) {
	raw = bytes.TrimSpace(raw)
	switch {
	case len(raw) == 0:
		return nil, fmt.Errorf("the case has no %q", field)
	case raw[0] == '"':
		var text string
		err := json.Unmarshal(raw, &text)
		return []byte(text), err
	default:
		return raw, nil
	}
}

func newPatternCheck() *cobra.Command {
	var cases string
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Say which patterns are valid (NDJSON)",
		Long: `Reads one case a line and answers each with a line, in the same order:
  {"id","pattern"}    {"id","valid":true|false,"error":null|"every mistake, one a line"}
A pattern is JSON text in a string, or a JSON object. A line that is no case is not valid.`,
		Example: `  riposte pattern check --cases patterns.ndjson
  echo '{"id":1,"pattern":{"a":[{"prefix":1}]}}' | riposte pattern check`,
		RunE: func(cmd *cobra.Command, _ []string) error { return answerCases(cmd, cases, answerCheck) },
	}
	addCasesFlag(cmd, &cases)
	return cmd
}

// checkResult is an answer of `pattern check`.
type checkResult struct {
	ID    json.RawMessage `json:"id"`
	Valid bool            `json:"valid"`
	Error *string         `json:"error"`
}

func answerCheck(line []byte, err error) any {
	var c struct {
		ID      json.RawMessage `json:"id"`
		Pattern json.RawMessage `json:"pattern"`
	}
	if err == nil {
		err = json.Unmarshal(line, &c)
	}
	if err != nil {
		err = fmt.Errorf("the line is not a case: %w", err)
	} else if _, err = parsePattern(c.Pattern); err == nil {
		return checkResult{ID: c.ID, Valid: true}
	}
	text := err.Error()
	return checkResult{ID: c.ID, Error: &text}
}
