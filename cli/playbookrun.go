package cli

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"time"

	"github.com/spf13/cobra"

	"riposte.dev/asl"
)

// runCase is a line of `playbook run --cases`.
type runCase struct {
	ID         json.RawMessage `json:"id"`
	Definition json.RawMessage `json:"definition"`
	Input      json.RawMessage `json:"input"`
	Mocks      []struct {
		Output json.RawMessage `json:"output"`
		Error  string          `json:"error"`
		Cause  json.RawMessage `json:"cause"`
	} `json:"mocks"`
}

// runAnswer is its answer. Status is INVALID, with the problems as error, for what is no state machine.
type runAnswer struct {
	ID     json.RawMessage `json:"id,omitempty"`
	Status string          `json:"status"`
	Output json.RawMessage `json:"output,omitempty"`
	Error  string          `json:"error,omitempty"`
	Cause  string          `json:"cause,omitempty"`
}

func newPlaybookRun() *cobra.Command {
	var cases string
	cmd := &cobra.Command{
		Use:   "run --cases FILE",
		Short: "Run state machines with recorded task results, without an account",
		Long: `Reads one JSON object a line, {"id", "definition", "input", "mocks": [{"output"} | {"error", "cause"}, …]}, and writes
{"id", "status", "output"} or {"id", "status", "error", "cause"} in the same order. Tasks take their results from the mocks
in turn; waits and delays between retries take no time.`,
		Example: `  riposte playbook run --cases cases.ndjson
  echo '{"id":1,"definition":{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}},"input":{}}' | riposte playbook run --cases -`,
		RunE: func(cmd *cobra.Command, _ []string) error { return answerCases(cmd, cases, answerRun) },
	}
	cmd.Flags().StringVar(&cases, "cases", "-", "file with the cases; - is standard input")
	return cmd
}

func answerRun(line []byte, err error) any {
	if err != nil {
		return runAnswer{Status: "INVALID", Error: err.Error()}
	}
	var c runCase
	if err := json.Unmarshal(line, &c); err != nil {
		return runAnswer{Status: "INVALID", Error: "the line is not a case: " + err.Error()}
	}
	machine, err := asl.Parse("definition", c.Definition)
	if err != nil {
		return runAnswer{ID: c.ID, Status: "INVALID", Error: err.Error()}
	}
	mocks := make([]asl.Mock, len(c.Mocks))
	for i, m := range c.Mocks {
		mocks[i] = asl.Mock{Output: m.Output, Error: m.Error, Cause: text(m.Cause)}
	}
	if c.Input == nil {
		c.Input = json.RawMessage(`{}`)
	}
	x, _ := machine.Simulate(c.Input, mocks, asl.Env{Now: time.Now(), Random: rand.Uint64, Context: asl.Context{
		ExecutionID: "arn:aws:states:us-east-1:111122223333:execution:case:run", ExecutionName: "run",
		MachineID: "arn:aws:states:us-east-1:111122223333:stateMachine:case", MachineName: "case",
		RoleARN: "arn:aws:iam::111122223333:role/case",
	}})
	return runAnswer{ID: c.ID, Status: string(x.Status), Output: x.Output, Error: x.Error, Cause: x.Cause}
}

// text is a JSON string's value, or any other JSON as text: compact, as the cause of a Lambda function's error is.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var compact bytes.Buffer
	if json.Compact(&compact, raw) != nil {
		return string(raw)
	}
	return compact.String()
}
