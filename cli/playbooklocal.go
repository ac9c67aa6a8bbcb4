package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"riposte.dev/asl"
	"riposte.dev/conf"
	"riposte.dev/fault"
	"riposte.dev/playbook"
)

// playbookRun is `riposte playbook run FILE`.
type playbookRun struct {
	input, mocks, sandbox, account, region string
}

func (p *playbookRun) flags(f *pflag.FlagSet) {
	f.StringVar(&p.input, "input", "{}", "input as JSON, or @FILE")
	f.StringVar(&p.mocks, "mocks", "", "file with the results of tasks")
	f.StringVar(&p.sandbox, "sandbox", "", "endpoint on this machine where actions are carried out, such as that of riposte sandbox")
	f.StringVar(&p.account, "account", "111122223333", "account of actions that name none")
	f.StringVar(&p.region, "region", "us-east-1", "region of actions that name none")
}

// run runs one definition and shows what it did.
func (p *playbookRun) run(cmd *cobra.Command, d Deps, file string) error {
	src, err := readDefinition(file)
	if err != nil {
		return err
	}
	machine, err := asl.Parse(file, src)
	if err != nil {
		return err
	}
	input, err := jsonArgument(p.input)
	if err != nil {
		return err
	}
	start := playbook.Start{Playbook: strings.TrimSuffix(file, ".yaml"), Account: p.account, Region: p.region, Input: input}
	task, err := p.tasks(cmd, d, start)
	if err != nil {
		return err
	}
	env := asl.Env{Now: time.Now(), Random: rand.Uint64, Context: asl.Context{
		ExecutionID: "local", ExecutionName: "local", MachineID: machine.Hash(), MachineName: start.Playbook,
	}}
	x, records := machine.Rehearse(input, env, task)
	answer := runAnswer{Status: string(x.Status), Output: x.Output, Error: x.Error, Cause: x.Cause}
	if err := printValue(cmd, answer, func(w io.Writer) error {
		printRun(w, env.Now, records)
		fmt.Fprintln(w, answer.Status, answer.Error, answer.Cause)
		_, err := fmt.Fprintln(w, string(answer.Output))
		return err
	}); err != nil {
		return err
	}
	if x.Status != asl.Succeeded {
		return fmt.Errorf("the playbook ended as %s", x.Status)
	}
	return nil
}

// tasks gives tasks their results.
func (p *playbookRun) tasks(cmd *cobra.Command, d Deps, start playbook.Start) (func(asl.Command) asl.Mock, error) {
	if p.sandbox == "" {
		mocks, err := readMocks(p.mocks)
		return mocks.next, err
	}
	if p.mocks != "" {
		return nil, &usageError{fmt.Errorf("--mocks and --sandbox exclude each other")}
	}
	if err := onThisMachine(p.sandbox); err != nil {
		return nil, err
	}
	session, err := d.AWS(cmd.Context(), AWSOptions{Endpoint: p.sandbox})
	if err != nil {
		return nil, err
	}
	actions, err := d.ActionsOf(session)
	if err != nil {
		return nil, err
	}
	return playbook.Unguarded(cmd.Context(), actions, start), nil
}

// onThisMachine refuses endpoints elsewhere: nothing asks a guard whether what is done there may be done.
func onThisMachine(endpoint string) error {
	u, err := url.Parse(endpoint)
	if err == nil {
		addr, notAddress := netip.ParseAddr(u.Hostname())
		if u.Hostname() == "localhost" || notAddress == nil && addr.IsLoopback() {
			return nil
		}
	}
	return fault.New(fault.Denied, "%s is not on this machine", endpoint).
		WithHint("see what a playbook would do in an account with riposte actions plan, or with riposte replay")
}

// jsonArgument is JSON, or @ and the name of a file with it.
func jsonArgument(text string) (json.RawMessage, error) {
	if name, isFile := strings.CutPrefix(text, "@"); isFile {
		raw, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		text = string(raw)
	}
	if !json.Valid([]byte(text)) {
		return nil, &usageError{fmt.Errorf("%s is not JSON", ellipsis(text, 60))}
	}
	return json.RawMessage(text), nil
}

// mocks are the results of tasks: those of a state, or of all in turn.
type mocks struct {
	all     []asl.Mock
	byState map[string][]asl.Mock
}

func readMocks(file string) (*mocks, error) {
	m := &mocks{}
	if file == "" {
		return m, nil
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if listErr := json.Unmarshal(raw, &m.all); listErr == nil {
		return m, nil
	}
	if err := json.Unmarshal(raw, &m.byState); err != nil {
		return nil, conf.Problems{{Position: conf.Position{File: file}, Message: "the mocks are neither a list nor lists by state: " + err.Error(),
			Hint: `write [{"output": {}}] or {"State": [{"error": "E", "cause": "why"}]}`}}.Err()
	}
	return m, nil
}

func (m *mocks) next(c asl.Command) asl.Mock {
	list, ok := m.byState[c.State]
	if !ok {
		list = m.all
	}
	if len(list) == 0 {
		return asl.Mock{Error: asl.ErrTaskFailed, Cause: "There is no mock for the task " + c.State + "."}
	}
	if ok {
		m.byState[c.State] = list[1:]
	} else {
		m.all = list[1:]
	}
	return list[0]
}

// printRun shows the states that were entered, and what became of tasks.
func printRun(w io.Writer, began time.Time, records []asl.Record) {
	for _, r := range records {
		name := r.State
		if r.Path != "" {
			name = r.Path + "/" + r.State
		}
		switch {
		case r.Kind == asl.Entered && r.Retries != nil:
			fmt.Fprintf(w, "+%-8s %s again\n", r.Time.Sub(began).Round(time.Millisecond), name)
		case r.Kind == asl.Entered:
			fmt.Fprintf(w, "+%-8s %s %s\n", r.Time.Sub(began).Round(time.Millisecond), name, ellipsis(string(r.Input), 100))
		case r.Kind == asl.Outcome && r.Error != "":
			fmt.Fprintf(w, "          failed: %s: %s\n", r.Error, r.Cause)
		case r.Kind == asl.Outcome:
			fmt.Fprintf(w, "          gave %s\n", ellipsis(string(r.Output), 100))
		}
	}
}
