package playbook

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"riposte.dev/action"
	"riposte.dev/asl"
	"riposte.dev/fault"
)

// Kind of journal record.
type Kind string

// The kinds of journal records.
const (
	Started   Kind = "started"   // the execution: what for, and its definition
	Entered   Kind = "entered"   // a state was entered, with everything that was evaluated for it
	Items     Kind = "items"     // items of a Map state
	Asked     Kind = "asked"     // people are asked whether a plan may be carried out
	Answered  Kind = "answered"  // what one of them said
	Intent    Kind = "intent"    // an effect is about to happen, with everything needed to finish it
	Held      Kind = "held"      // a task may not go on for now, and why
	Submitted Kind = "submitted" // what a task calls has taken the call and answers later
	Heartbeat Kind = "heartbeat" // a task gave a sign of life
	Outcome   Kind = "outcome"   // what became of a task
	Abandoned Kind = "abandoned" // what a task did that nobody waits for any more
	Ended     Kind = "ended"     // of a branch, or of the execution: status and output
	Redriven  Kind = "redriven"  // an execution that had ended badly goes on
)

// version of the record format. A record of a higher one is not understood and stops its execution, not the others.
const version = 1

// Record is one journal record. Which of the pointers is set depends on the kind: Begin for started; Question for asked; Answer
// for answered; Intent for intent; Hold for held; Effect for abandoned; Step for the others, with Effect beside it for the
// outcome, or the submission, of a task that reached out.
type Record struct {
	Version  int         `json:"v"`
	Kind     Kind        `json:"kind"`
	Time     time.Time   `json:"time"`
	Begin    *Begin      `json:"begin,omitempty"`
	Step     *asl.Record `json:"step,omitempty"`
	Question *Question   `json:"question,omitempty"`
	Answer   *Answer     `json:"answer,omitempty"`
	Intent   *Plan       `json:"intent,omitempty"`
	Hold     *Hold       `json:"hold,omitempty"`
	Effect   *Effect     `json:"effect,omitempty"`
	By       string      `json:"by,omitempty"` // who signalled, stopped or redrove
}

// isStep reports whether records of the kind are the state machine's.
func (k Kind) isStep() bool {
	switch k {
	case Entered, Items, Submitted, Heartbeat, Outcome, Ended, Redriven:
		return true
	default:
		return false
	}
}

// Begin is what an execution is for and what it runs.
type Begin struct {
	Start      Start           `json:"start"`
	Definition json.RawMessage `json:"definition"` // the state machine's text: later versions don't reach a running execution
	Hash       string          `json:"hash"`       // of Definition
}

// Plan is an effect that is about to happen.
type Plan struct {
	Key      string           `json:"key"`   // of the effect, unique in the execution: state, event and attempt
	Path     string           `json:"path"`  // of the state's branch
	State    string           `json:"state"` // whose task it is
	At       time.Time        `json:"at"`
	Plan     action.Plan      `json:"plan"` // as the guard let it pass, with the state before
	Undo     bool             `json:"undo,omitempty"`
	Effect   string           `json:"effect,omitempty"`   // the key without the try
	Approval string           `json:"approval,omitempty"` // id of the question by which it was approved
	Reasons  []string         `json:"reasons,omitempty"`  // of the guard
	Receipts []action.Receipt `json:"receipts,omitempty"` // of the calls that looked
}

// Effect is what became of a task that reached out.
type Effect struct {
	Key        string           `json:"key"`
	Path       string           `json:"path"`
	State      string           `json:"state"`
	At         time.Time        `json:"at"`             // when it ended
	Plan       *action.Plan     `json:"plan,omitempty"` // with what became of each item; nil where there was none
	Undo       bool             `json:"undo,omitempty"`
	Undoes     string           `json:"undoes,omitempty"`     // key of the effect that this one takes back, of the execution Start.Undoes
	Expires    time.Time        `json:"expires,omitzero"`     // when riposte takes it back by itself; zero: it stays
	Reversible bool             `json:"reversible,omitempty"` // items that were changed can be put back
	Reasons    []string         `json:"reasons,omitempty"`
	Receipts   []action.Receipt `json:"receipts,omitempty"`  // of every call that isn't a receipt of an item or of the intent
	FirstCall  time.Time        `json:"first_call,omitzero"` // when the first call of a change was made
	Took       time.Duration    `json:"took"`                // of the task, ns
	Recovered  bool             `json:"recovered,omitempty"` // finished after an interruption
	Lost       []Request        `json:"lost,omitempty"`      // calls that may have been made without that we know their request ids
	Notified   bool             `json:"notified,omitempty"`  // people were told
}

// stepRecords wraps what the state machine did.
func stepRecords(steps []asl.Record) []Record {
	records := make([]Record, len(steps))
	for i := range steps {
		records[i] = Record{Kind: Kind(steps[i].Kind), Time: steps[i].Time, Step: &steps[i]}
	}
	return records
}

func encodeRecord(r Record) ([]byte, error) {
	r.Version = version
	data, err := json.Marshal(r)
	if err != nil {
		return nil, fault.New(fault.Internal, "a journal record can't be written: %w", err)
	}
	return data, nil
}

// DecodeRecord reads a journal record. A record of a later version, or one that is none, is fault.Invalid.
func DecodeRecord(data []byte) (Record, error) {
	var r Record
	if err := json.Unmarshal(data, &r); err != nil {
		return Record{}, fault.New(fault.Invalid, "a journal record can't be read: %w", err)
	}
	if r.Version != version {
		return Record{}, fault.New(fault.Invalid, "a journal record has version %d, this riposte reads %d", r.Version, version).
			WithHint("run the version of riposte that wrote it")
	}
	if r.Kind == Started != (r.Begin != nil) || r.Kind == Intent != (r.Intent != nil) || r.Kind.isStep() != (r.Step != nil) || r.Kind == Abandoned && r.Effect == nil ||
		r.Kind == Held != (r.Hold != nil) || r.Kind == Asked != (r.Question != nil) || r.Kind == Answered != (r.Answer != nil) {
		return Record{}, fault.New(fault.Invalid, "a journal record of kind %q is not whole", r.Kind)
	}
	return r, nil
}

// ID returns the execution's id for a rule and a cause: 20 hexadecimal digits.
func ID(rule string, cause string) string { return hashID(rule, cause) }

func hashID(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		fmt.Fprintf(&b, "%d:%s", len(p), p)
	}
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:idLength/2])
}

// idLength is the length of an execution's id.
const idLength = 20

// effectKey names an effect within its execution. A notice keeps its key when it is tried again, so that people get it once;
// an action looks at the present state on each try, which is a new effect.
func effectKey(c asl.Command, attempt bool) string {
	key := fmt.Sprintf("%s.%d", c.State, c.Event)
	if c.Path != "" {
		key = c.Path + "/" + key
	}
	if attempt && c.Attempt > 0 {
		key += fmt.Sprintf(".%d", c.Attempt)
	}
	return key
}
