package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"riposte.dev/fault"
)

// Kind of record.
type Kind string

// The kinds of records.
const (
	Decision      Kind = "decision"      // a response began or did not, or the guard decided about a plan
	Intent        Kind = "intent"        // a change is about to be made
	Call          Kind = "call"          // an AWS call was made, or may have been
	Outcome       Kind = "outcome"       // what became of a resource, a notice or an execution
	Question      Kind = "question"      // people were asked for their approval
	Answer        Kind = "answer"        // one of them answered
	Exception     Kind = "exception"     // an exception was added or removed
	Pause         Kind = "pause"         // riposte was paused, or resumed
	Key           Kind = "key"           // an access key was made or revoked
	Configuration Kind = "configuration" // a configuration was taken or refused
	Anchor        Kind = "anchor"        // the head was kept outside
)

// Kinds lists them all.
func Kinds() []Kind {
	return []Kind{Decision, Intent, Call, Outcome, Question, Answer, Exception, Pause, Key, Configuration, Anchor}
}

// Self is the actor of what riposte does by itself.
const Self = "riposte"

// Bounds of a record, in bytes. What is longer is cut short, or, in Data, replaced by its length and SHA-256.
const (
	MaxText = 1 << 10 // of every text
	MaxData = 16 << 10
)

// Entry is what a record tells. Only names, ids, hashes and sentences go into it; never an event, a state or the input of a
// call, which can hold secrets. Kind, Time, Actor and Text are always there.
type Entry struct {
	Time      time.Time       `json:"time"` // to the microsecond, UTC
	Kind      Kind            `json:"kind"`
	Actor     string          `json:"actor"` // a person, a key's id, or Self
	Execution string          `json:"execution,omitempty"`
	Rule      string          `json:"rule,omitempty"`
	Action    string          `json:"action,omitempty"`
	Resource  string          `json:"resource,omitempty"` // ARN
	Account   string          `json:"account,omitempty"`
	Region    string          `json:"region,omitempty"`
	Text      string          `json:"text"`           // one sentence
	Data      json.RawMessage `json:"data,omitempty"` // details, an object
}

// Record is an entry in its place in the chain.
type Record struct {
	Seq uint64 `json:"seq"` // from 1, without gaps
	Entry
	Prev string `json:"prev"` // Hash of the record before; "" for the first
	Hash string `json:"hash"` // SHA-256 of the record without it, 64 hex digits
}

// Head is the last record of a chain; its zero value is the head of one without records.
type Head struct {
	Seq  uint64 `json:"seq"`
	Hash string `json:"hash"`
}

// String returns SEQ:HASH.
func (h Head) String() string { return strconv.FormatUint(h.Seq, 10) + ":" + h.Hash }

// ParseHead reads what String wrote; anything else is fault.Invalid.
func ParseHead(text string) (Head, error) {
	seq, hash, _ := strings.Cut(text, ":")
	n, err := strconv.ParseUint(seq, 10, 64)
	if raw, hexErr := hex.DecodeString(hash); err != nil || n == 0 || hexErr != nil || len(raw) != sha256.Size || hash != strings.ToLower(hash) {
		return Head{}, fault.New(fault.Invalid, "%q is no head of an audit record", text).WithHint("write SEQ:HASH, such as 1042:9f86d081… with all 64 digits")
	}
	return Head{n, hash}, nil
}

// Head is the chain's head where r is its last record.
func (r Record) Head() Head { return Head{r.Seq, r.Hash} }

// Next makes the record that follows in the chain. It takes every entry: what is too long is cut, and data that is no JSON is
// replaced as what is too large is.
func (h Head) Next(e Entry) Record {
	e.Time = e.Time.UTC().Truncate(time.Microsecond)
	for _, text := range []*string{&e.Actor, &e.Execution, &e.Rule, &e.Action, &e.Resource, &e.Account, &e.Region, &e.Text} {
		*text = clip(*text)
	}
	e.Data = clipData(e.Data)
	r := Record{Seq: h.Seq + 1, Entry: e, Prev: h.Hash}
	r.Hash = r.sum()
	return r
}

func clip(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= MaxText {
		return text
	}
	const cut = "…"
	end := MaxText - len(cut)
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + cut
}

func clipData(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return nil
	}
	canonical := jsontext.Value(raw).Clone()
	if len(raw) <= MaxData && canonical.Canonicalize() == nil {
		return json.RawMessage(canonical)
	}
	sum := sha256.Sum256(raw)
	return fmt.Appendf(nil, `{"bytes":%d,"sha256":"%x"}`, len(raw), sum)
}

// sum is the hash that the record must have.
func (r Record) sum() string {
	r.Hash = ""
	sum := sha256.Sum256(r.Encode())
	return hex.EncodeToString(sum[:])
}

// Encode returns the record as one line of canonical JSON, without a line feed. A record whose Hash is "" is written without
// it: that is what is hashed.
func (r Record) Encode() []byte {
	line := make([]byte, 0, 512+len(r.Data))
	line = append(line, '{')
	text := func(name, value string, always bool) {
		if value == "" && !always {
			return
		}
		if len(line) > 1 {
			line = append(line, ',')
		}
		line = append(append(append(line, '"'), name...), `":`...)
		line, _ = jsontext.AppendQuote(line, value) // it fails for broken UTF-8, which it replaces
	}
	// In the order of their names, as RFC 8785 wants it.
	text("account", r.Account, false)
	text("action", r.Action, false)
	text("actor", r.Actor, true)
	if len(r.Data) > 0 {
		line = append(append(line, `,"data":`...), r.Data...)
	}
	text("execution", r.Execution, false)
	text("hash", r.Hash, false)
	text("kind", string(r.Kind), true)
	text("prev", r.Prev, true)
	text("region", r.Region, false)
	text("resource", r.Resource, false)
	text("rule", r.Rule, false)
	line = strconv.AppendUint(append(line, `,"seq":`...), r.Seq, 10)
	text("text", r.Text, true)
	text("time", r.Time.Format(time.RFC3339Nano), true)
	return append(line, '}')
}

// Decode reads a line that Encode wrote, with or without the line feed after it. A line that says the same in another
// spelling, or more than a record, is fault.Invalid, so that nothing of a line escapes its hash.
func Decode(line []byte) (Record, error) {
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
	}
	var r Record
	if err := json.Unmarshal(line, &r); err != nil {
		return Record{}, fault.New(fault.Invalid, "it is no audit record: %w", err)
	}
	if string(r.Encode()) != string(line) {
		return Record{}, fault.New(fault.Invalid, "it is not spelled as an audit record is, or says more than one")
	}
	return r, nil
}

// MarshalJSON is Encode, so that a record is spelled the same wherever it is shown.
func (r Record) MarshalJSON() ([]byte, error) { return r.Encode(), nil }
