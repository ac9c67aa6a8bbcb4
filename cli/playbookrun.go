package cli

import (
	"bytes"
	"encoding/json"
	"errors"
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

func newPlaybookRun(d Deps) *cobra.Command {
	var cases string
	var one playbookRun
	cmd := &cobra.Command{
		Use:   "run FILE|NAME | --cases FILE",
		Short: "Run a playbook on this machine, with recorded task results or against a sandbox",
		Long: `Runs a definition and shows each state that it entered; nothing of it is kept. Tasks take their results from --mocks, a JSON
list of {"output"} or {"error", "cause"} that is used in turn, or an object with such a list by the state's name. With --sandbox,
actions are planned, carried out and verified in the account of that endpoint, which must be on this machine, without a guard.
Waits and delays between retries take no time; branches and iterations run one after the other.

--cases reads one JSON object a line, {"id", "definition", "input", "mocks": [{"output"} | {"error", "cause"}, …]}, and writes
{"id", "status", "output"} or {"id", "status", "error", "cause"} in the same order. Tasks take their results from the mocks
in turn; so do the items of a Map that reads them.`,
		Example: `  riposte playbook run restart.yaml --input '{"trail":"audit"}' --mocks mocks.json
  riposte playbook run restart.yaml --input @event.json --sandbox http://127.0.0.1:4566 --account 111122223333 --region us-east-1
  riposte playbook run --cases cases.ndjson
  echo '{"id":1,"definition":{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}},"input":{}}' | riposte playbook run --cases -`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return one.run(cmd, d, args[0])
			}
			if !cmd.Flags().Changed("cases") {
				return &usageError{errors.New("name the FILE of a playbook, or cases by --cases; see `riposte playbook run --help`")}
			}
			return answerCases(cmd, cases, answerRun)
		},
	}
	one.flags(cmd.Flags())
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
