package guard

import (
	"fmt"
	"slices"
	"strings"

	"riposte.dev/action"
)

// Step is what one stage said of an event or a plan.
type Step struct {
	Stage  string `json:"stage"`
	Answer Answer `json:"answer"`
	Why    string `json:"why"` // sentences
}

// Answer is a stage's word.
type Answer string

const (
	Passed   Answer = "passed"    // it holds nothing back
	Refused  Answer = "refused"   // it holds something back, or allows less than was asked for
	NotAsked Answer = "not asked" // it does not apply, or another stage had the last word
)

// trace collects what the stages say, in their order.
type trace struct {
	stages []string // names
	steps  []Step   // of those that were asked
	said   []remark // by the stage that is being asked
}

// remark is what a stage says of an item, or of the whole ("").
type remark struct {
	item   string
	answer Answer
	why    string
}

// pass, refuse and skip note what a stage says of the whole.
func (t *trace) pass(format string, args ...any)   { t.note("", Passed, fmt.Sprintf(format, args...)) }
func (t *trace) refuse(format string, args ...any) { t.note("", Refused, fmt.Sprintf(format, args...)) }
func (t *trace) skip(format string, args ...any)   { t.note("", NotAsked, fmt.Sprintf(format, args...)) }

func (t *trace) note(item string, a Answer, why string) {
	t.said = append(t.said, remark{item, a, why})
}

// end closes the step of the stage that was asked. The sharpest of its remarks is its answer; a stage that says nothing was asked
// about nothing.
func (t *trace) end() {
	step := Step{Stage: t.stages[len(t.steps)], Answer: NotAsked, Why: "Nothing is left to be changed."}
	for _, answer := range []Answer{Refused, Passed, NotAsked} {
		if slices.ContainsFunc(t.said, func(r remark) bool { return r.answer == answer }) {
			step.Answer, step.Why = answer, t.words()
			break
		}
	}
	t.steps, t.said = append(t.steps, step), nil
}

// words says each thing once, and of which items where it is not of all alike.
func (t *trace) words() string {
	var whys []string
	items := map[string][]string{}
	for _, r := range t.said {
		if _, known := items[r.why]; !known {
			whys = append(whys, r.why)
		}
		items[r.why] = append(items[r.why], r.item)
	}
	if len(whys) == 1 {
		return whys[0]
	}
	for i, why := range whys {
		if names := items[why]; names[0] != "" {
			whys[i] = strings.Join(names, ", ") + ": " + why
		}
	}
	return strings.Join(whys, " ")
}

// closed returns the steps where no further stage is asked.
func (t *trace) closed(why string) []Step {
	for len(t.steps) < len(t.stages) {
		t.steps = append(t.steps, Step{Stage: t.stages[len(t.steps)], Answer: NotAsked, Why: why})
	}
	return t.steps
}

// failed returns the steps where the stage that was asked could not answer.
func (t *trace) failed(reason string) []Step {
	t.said = nil
	t.refuse("%s", reason)
	t.end()
	return t.closed("The stage " + t.steps[len(t.steps)-1].Stage + " could not answer.")
}

// ruling is what a stage says about an item that is to be changed: it stays so, or is left to people or alone.
type ruling struct {
	status action.Status // action.Change: it is let pass
	why    string        // a sentence
}

func letPass(format string, args ...any) ruling {
	return ruling{action.Change, fmt.Sprintf(format, args...)}
}
func leave(format string, args ...any) ruling {
	return ruling{action.Escalated, fmt.Sprintf(format, args...)}
}

// each asks about every item that is to be changed. What is not let pass loses its calls.
func (d *draft) each(ask func(item *action.Item) (ruling, error)) error {
	for i := range d.plan.Items {
		item := &d.plan.Items[i]
		if item.Status != action.Change {
			continue
		}
		said, err := ask(item)
		if err != nil {
			return err
		}
		if said.status == action.Change {
			d.note(name(item.Resource), Passed, said.why)
			continue
		}
		item.Status, item.Reason, item.Calls = said.status, said.why, nil
		d.held(item)
	}
	return nil
}

// holdBack tells people what is held back of the plan as a whole.
func (d *draft) holdBack(reason string) {
	d.refuse("%s", reason)
	d.reasons = append(d.reasons, reason)
}

// held tells people of an item that is not changed.
func (d *draft) held(item *action.Item) {
	whom := "to people"
	if item.Status == action.Excepted {
		whom = "alone"
	}
	d.note(name(item.Resource), Refused, item.Reason)
	d.reasons = append(d.reasons, fmt.Sprintf("%s is left %s: %s", name(item.Resource), whom, item.Reason))
}
