package app

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"strings"
	"time"

	"riposte.dev/action"
	"riposte.dev/bus"
	"riposte.dev/detect"
	"riposte.dev/event"
	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/playbook"
	"riposte.dev/web"
)

// replay is web.Replay: it asks the rules about retained events and findings, and the guard as if it were then. What would be
// done is looked up in the account as it is now; nothing is changed, stored or told to anybody else.
func (a *App) replay(ctx context.Context, r web.ReplayRequest, tell func(web.ReplayLine) error) error {
	rules, err := a.replayRules(r)
	if err != nil {
		return err
	}
	p := &past{app: a, only: r.Rules, tell: tell, responses: newestResponses{most: r.Plans}}
	if p.gate, err = a.gate.rehearsal(func() time.Time { return p.now }); err != nil {
		p.problem = fault.Message(err)
	}
	events := 0
	for _, stream := range []bus.Stream{bus.Events, bus.Findings} {
		err := a.bus.Replay(ctx, stream, r.Since, func(m bus.Message) error {
			events++
			return p.event(ctx, rules, m)
		})
		if err != nil {
			return err
		}
	}
	if err := p.plan(ctx); err != nil {
		return err
	}
	return tell(web.ReplayLine{Kind: "done", Events: events})
}

// replayRules are the rules in force, or those of the request.
func (a *App) replayRules(r web.ReplayRequest) (*detect.RuleSet, error) {
	rules := a.engine.Rules()
	if len(r.Files) > 0 {
		var err error
		if rules, err = rulesOf(r.Files); err != nil {
			return nil, fault.New(fault.Invalid, "%w", err)
		}
	}
	for _, id := range r.Rules {
		if rules.Rule(id) == nil {
			return nil, fault.New(fault.NotFound, "there is no rule %q", id).WithHint("`riposte test` lists the rules by their tests; check the id")
		}
	}
	return rules, nil
}

// rulesOf loads rules from the texts of files.
func rulesOf(files []web.ReplayFile) (*detect.RuleSet, error) {
	folder, err := os.MkdirTemp("", "riposte-replay-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }() // the operating system clears what is left
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }() // nothing is written through it
	for _, f := range files {
		name := strings.TrimLeft(path.Clean("/"+f.Name), "/")
		if err := root.MkdirAll(path.Dir(name), 0o700); err != nil {
			return nil, err
		}
		if err := root.WriteFile(name, []byte(f.Text), 0o600); err != nil {
			return nil, err
		}
	}
	return detect.Load([]detect.Source{{FS: root.FS()}}, detect.LoadOptions{})
}

func matchLine(e *event.Envelope, m detect.Match) web.ReplayLine {
	line := web.ReplayLine{Kind: "match", Time: e.Time, EventID: e.ID, Rule: m.Rule.ID, Severity: string(m.Rule.Severity), Title: m.Title,
		Account: e.Account, Region: e.Region, Resource: m.Resources[0].ID}
	if record := e.Record(); record != nil {
		line.EventID, line.Principal, line.SourceIP = record.EventID, record.UserIdentity.Principal(), record.SourceIPAddress
	}
	if m.Rule.Respond != nil {
		line.Playbook = m.Rule.Respond.Playbook
	}
	return line
}

// rehearse looks what a response would do now, and asks the guard about each plan; problem says what of it can't be told.
func (a *App) rehearse(ctx context.Context, asked *gate, r replayed) (decisions []guard.Decision, problem string) {
	force := a.inForce.Load()
	line := r.line
	machine := force.playbooks[line.Playbook]
	if machine == nil {
		return nil, "there is no playbook " + line.Playbook
	}
	start := playbook.Start{Rule: line.Rule, Playbook: line.Playbook, Account: r.event.Account, Region: r.event.Region, Input: r.input,
		Title: line.Title, Severity: line.Severity}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	// These calls are riposte's own too.
	ctx, recorder := action.Record(ctx)
	defer func() {
		for _, receipt := range recorder.Receipts() {
			a.own.note(receipt.Service, receipt.Operation, receipt.RequestID)
		}
	}()
	rehearsal := playbook.Rehearse(ctx, machine, a.actions, a.resources, start, a.opts.Now())
	mode, _ := force.mode(line.Rule, r.mode)
	for i, plan := range rehearsal.Plans {
		spec, err := a.specOf(plan.Action)
		if err != nil {
			return decisions, fault.Message(err)
		}
		proposal := guard.Proposal{Rule: line.Rule, Mode: mode, Spec: spec, Plan: &plan, Principal: line.Principal, Event: r.event}
		if r.spends {
			proposal.Effect = fmt.Sprintf("%s/%s/%d", line.Rule, line.EventID, i)
		}
		decision, err := asked.Decide(ctx, proposal)
		if err != nil {
			return decisions, fault.Message(err)
		}
		decisions = append(decisions, decision)
	}
	var failed []string
	for _, err := range rehearsal.Failed {
		failed = append(failed, fault.Message(err))
	}
	return decisions, strings.Join(failed, "; ")
}

// planLines says for each item of a plan what would be done.
func planLines(plan action.Plan) []string {
	var lines []string
	for _, item := range plan.Items {
		name := item.Resource.Name
		if name == "" {
			name = item.Resource.ARN
		}
		if len(item.Calls) == 0 {
			lines = append(lines, name+": "+string(item.Status)+", "+item.Reason)
		}
		for _, call := range item.Calls {
			lines = append(lines, call.Service+":"+call.Operation+" on "+name+": "+item.Reason)
		}
	}
	return lines
}

// replayed is a response that would start.
type replayed struct {
	line   web.ReplayLine
	event  *event.Envelope
	input  json.RawMessage // of the playbook
	mode   guard.Mode      // that the rule asks for
	spends bool            // of the budgets, so that later ones find less
}
