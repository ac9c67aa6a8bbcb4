package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// kind is what an event is about.
type kind struct{ source, name string }

func sortedKinds(kinds map[kind]int) []kind {
	return slices.SortedFunc(maps.Keys(kinds), func(a, b kind) int {
		return cmp.Or(strings.Compare(a.source, b.source), strings.Compare(a.name, b.name))
	})
}

// object is a JSON object whose members keep their order.
type object []member

type member struct {
	name  string
	value any // object, []any or json.RawMessage
}

// loadEvents wraps the CloudTrail records of a folder in EventBridge envelopes; an empty folder name means made up ones.
func loadEvents(folder string) ([]object, error) {
	if folder == "" {
		return madeUp(1500), nil
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no CloudTrail log files *.json in %s (%w)", folder, err)
	}
	var events []object
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var log struct{ Records []json.RawMessage }
		if err := json.Unmarshal(text, &log); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		for _, record := range log.Records {
			events = append(events, envelope(record))
		}
	}
	return events, nil
}

func envelope(record json.RawMessage) object {
	var r struct{ EventID, EventSource, EventTime, AwsRegion, RecipientAccountID string }
	_ = json.Unmarshal(record, &r) // a record of another shape makes an event with empty fields
	service, _, _ := strings.Cut(r.EventSource, ".")
	text := func(s string) json.RawMessage { return json.RawMessage(fmt.Sprintf("%q", s)) }
	return object{
		{"version", text("0")}, {"id", text(r.EventID)}, {"detail-type", text("AWS API Call via CloudTrail")},
		{"source", text("aws." + service)}, {"account", text(r.RecipientAccountID)}, {"time", text(r.EventTime)},
		{"region", text(r.AwsRegion)}, {"resources", []any{}}, {"detail", decode(json.NewDecoder(bytes.NewReader(record)))},
	}
}

// decode reads one value and keeps the order of names.
func decode(dec *json.Decoder) any {
	dec.UseNumber()
	token, err := dec.Token()
	switch {
	case err != nil:
		return json.RawMessage("null")
	case token == json.Delim('{'):
		o := object{}
		for dec.More() {
			name, _ := dec.Token()
			o = append(o, member{fmt.Sprint(name), decode(dec)})
		}
		_, _ = dec.Token()
		return o
	case token == json.Delim('['):
		list := []any{}
		for dec.More() {
			list = append(list, decode(dec))
		}
		_, _ = dec.Token()
		return list
	default:
		var text bytes.Buffer
		enc := json.NewEncoder(&text)
		enc.SetEscapeHTML(false)
		_ = enc.Encode(token)
		return json.RawMessage(bytes.TrimSpace(text.Bytes()))
	}
}

// write appends v as JSON, the members of each object in the order that arrange leaves them in.
func write(text []byte, v any, arrange func(object)) []byte {
	switch v := v.(type) {
	case object:
		v = slices.Clone(v)
		arrange(v)
		text = append(text, '{')
		for i, m := range v {
			if i > 0 {
				text = append(text, ',')
			}
			text = append(fmt.Appendf(text, "%q", m.name), ':')
			text = write(text, m.value, arrange)
		}
		return append(text, '}')
	case []any:
		text = append(text, '[')
		for i, item := range v {
			if i > 0 {
				text = append(text, ',')
			}
			text = write(text, item, arrange)
		}
		return append(text, ']')
	default:
		return append(text, v.(json.RawMessage)...)
	}
}

// Orders of the members of objects.
func asIs(object) {}

func sorted(o object) {
	slices.SortFunc(o, func(a, b member) int { return strings.Compare(a.name, b.name) })
}

func shuffled(rnd *rand.Rand) func(object) {
	return func(o object) { rnd.Shuffle(len(o), func(i, j int) { o[i], o[j] = o[j], o[i] }) }
}

func texts(events []object, arrange func(object)) [][]byte {
	list := make([][]byte, len(events))
	for i, e := range events {
		list[i] = write(nil, e, arrange)
	}
	return list
}

// kindsOf counts the events by kind.
func kindsOf(events []object) map[kind]int {
	kinds := map[kind]int{}
	for _, e := range events {
		var shape struct {
			Source string
			Detail struct{ EventName string }
		}
		_ = json.Unmarshal(write(nil, e, asIs), &shape)
		kinds[kind{shape.Source, shape.Detail.EventName}]++
	}
	return kinds
}
