package app

import (
	"context"
	"fmt"
	"os"
	"path"
	"slices"
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

// replay is web.Replay: it asks the rules about retained events and findings. What would be done is looked up in the account
// as it is now; nothing is changed, stored or told to anybody else.
func (a *App) replay(ctx context.Context, r web.ReplayRequest, tell func(web.ReplayLine) error) error {
	rules, err := a.replayRules(r)
	if err != nil {
		return err
	}
	events := 0
	responses := newestResponses{most: r.Plans}
	for _, stream := range []bus.Stream{bus.Events, bus.Findings} {
		err := a.bus.Replay(ctx, stream, r.Since, func(m bus.Message) error {
			events++
			e, err := event.Parse(m.Data)
			if err != nil {
				return tell(web.ReplayLine{Kind: "failed", Time: m.Time, Error: err.Error()})
			}
			matches, failed, err := rules.Match(ctx, e)
			if err != nil {
				failed = append(failed, detect.RuleError{Rule: &detect.Rule{}, Err: err})
			}
			for _, f := range failed {
				if err := tell(web.ReplayLine{Kind: "failed", Time: m.Time, EventID: e.ID, Rule: f.Rule.ID, Error: f.Err.Error()}); err != nil {
					return err
				}
			}
			for _, match := range matches {
				if len(r.Rules) > 0 && !slices.Contains(r.Rules, match.Rule.ID) {
					continue
				}
				line := matchLine(e, match)
				if match.Input != nil {
					responses.add(replayed{line, e, match, true})
				}
				if err := tell(line); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	var now time.Time
	past, notOpen := a.gate.rehearsal(func() time.Time { return now })
	for _, response := range responses.list {
		now = response.line.Time
		line := response.line
		line.Kind = "plan"
		if notOpen != nil {
			line.Error = fault.Message(notOpen)
		} else {
			a.plan(ctx, past, response, &line)
		}
		if err := tell(line); err != nil {
			return err
		}
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

// plan fills in what the guard would let be done.
func (a *App) plan(ctx context.Context, asked *gate, r replayed, line *web.ReplayLine) {
	var plans []guard.Decision
	plans, line.Error = a.rehearse(ctx, asked, r)
	for _, p := range plans {
		line.Mode, line.Reasons = string(p.Mode), append(line.Reasons, p.Reasons...)
		line.Items = append(line.Items, planLines(*p.Plan)...)
	}
}

// rehearse looks what a response would do now, and asks the guard about each plan; problem says what of it can't be told.
func (a *App) rehearse(ctx context.Context, asked *gate, r replayed) (decisions []guard.Decision, problem string) {
	force := a.inForce.Load()
	line := r.line
	machine := force.playbooks[line.Playbook]
	if machine == nil {
		return nil, "there is no playbook " + line.Playbook
	}
	start := playbook.Start{Rule: line.Rule, Playbook: line.Playbook, Account: r.event.Account, Region: r.event.Region, Input: r.match.Input,
		Title: r.match.Title, Severity: line.Severity}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	// These calls are riposte's own too.
	ctx, recorder := action.Record(ctx)
	defer func() {
		for _, receipt := range recorder.Receipts() {
			a.own.note(receipt.Service, receipt.Operation, receipt.RequestID)
		}
	}()
	rehearsal := playbook.Rehearse(ctx, machine, a.actions, start, a.opts.Now())
	mode, _ := force.mode(line.Rule, r.match.Rule.Respond.Mode)
	for i, plan := range rehearsal.Plans {
		does, err := a.actions.Action(plan.Action)
		if err != nil {
			return decisions, fault.Message(err)
		}
		proposal := guard.Proposal{Rule: line.Rule, Mode: mode, Spec: does.Spec(), Plan: &plan, Principal: line.Principal, Event: r.event}
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

// replayed is a match that would start a response.
type replayed struct {
	line   web.ReplayLine
	event  *event.Envelope
	match  detect.Match
	spends bool // of the budgets, so that later ones find less
}

// newestResponses keeps the last response of each rule and resource, and of those the newest.
type newestResponses struct {
	most int
	list []replayed // oldest first
}

func (n *newestResponses) add(r replayed) {
	n.list = slices.DeleteFunc(n.list, func(o replayed) bool { return o.line.Rule == r.line.Rule && o.line.Resource == r.line.Resource })
	n.list = append(n.list, r)
	if extra := len(n.list) - max(n.most, 0); extra > 0 {
		n.list = slices.Delete(n.list, 0, extra)
	}
}
