package notify

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"riposte.dev/fault"
)

// Bounds on JSON to redact.
const (
	maxJSONBytes = 1 << 20
	maxJSONDepth = 100
	maxJSONText  = 3 // how often JSON in a text in JSON in a text … is followed
)

// RedactJSON returns the JSON value raw with its secrets replaced by Redacted, as Redact does in text, and beyond that:
//
//   - every text and number under a member name that means a secret, at any depth (truth values and null stay);
//   - the value of a name-and-value pair whose name means a secret, as in {"name":"DB_PASSWORD","value":"…"};
//   - JSON that is itself the text of a member, such as a policy document.
//
// Order, spelling of numbers and duplicate names survive; white space does not. The error is fault.Invalid for what is
// not one JSON value and fault.TooLarge beyond 1 MiB or a depth of 100; nothing of raw may be shown then.
func RedactJSON(raw []byte) ([]byte, error) {
	if len(raw) > maxJSONBytes {
		return nil, fault.New(fault.TooLarge, "JSON to redact has %d bytes, over the limit of %d", len(raw), maxJSONBytes)
	}
	r := jsonRedactor{texts: maxJSONText}
	if err := r.document(raw); err != nil {
		return nil, err
	}
	return r.out.Bytes(), nil
}

type jsonRedactor struct {
	out   bytes.Buffer
	texts int
}

func (r *jsonRedactor) document(raw []byte) error {
	v := jsontext.Value(raw)
	if !v.IsValid(jsontext.AllowDuplicateNames(true)) {
		return fault.New(fault.Invalid, "not one JSON value, so it can't be redacted as JSON")
	}
	return r.value(bytes.TrimSpace(raw), false, 0)
}

// value writes one value; secret says that it stands under a name that means a secret.
func (r *jsonRedactor) value(raw jsontext.Value, secret bool, depth int) error {
	if depth > maxJSONDepth {
		return fault.New(fault.TooLarge, "JSON to redact is nested deeper than %d levels", maxJSONDepth)
	}
	switch raw.Kind() {
	case '{':
		return r.object(raw, secret, depth)
	case '[':
		dec := jsontext.NewDecoder(bytes.NewReader(raw), jsontext.AllowDuplicateNames(true))
		if _, err := dec.ReadToken(); err != nil {
			return fault.New(fault.Invalid, "redact JSON: %w", err)
		}
		r.out.WriteByte('[')
		for i := 0; dec.PeekKind() != ']'; i++ {
			if i > 0 {
				r.out.WriteByte(',')
			}
			element, err := dec.ReadValue()
			if err != nil {
				return fault.New(fault.Invalid, "redact JSON: %w", err)
			}
			if err := r.value(element, secret, depth+1); err != nil {
				return err
			}
		}
		r.out.WriteByte(']')
		return nil
	case '"':
		return r.text(raw, secret)
	case '0':
		if secret {
			return r.quote(Redacted)
		}
	}
	r.out.Write(raw)
	return nil
}

type member struct{ name, value jsontext.Value }

func (r *jsonRedactor) object(raw jsontext.Value, secret bool, depth int) error {
	dec := jsontext.NewDecoder(bytes.NewReader(raw), jsontext.AllowDuplicateNames(true))
	if _, err := dec.ReadToken(); err != nil {
		return fault.New(fault.Invalid, "redact JSON: %w", err)
	}
	var members []member
	pairSecret := false // whether a member that names the pair names a secret
	for dec.PeekKind() != '}' {
		var m member
		for _, part := range []*jsontext.Value{&m.name, &m.value} {
			v, err := dec.ReadValue()
			if err != nil {
				return fault.New(fault.Invalid, "redact JSON: %w", err)
			}
			*part = v.Clone()
		}
		if pairNames[fold(unquote(m.name))] && m.value.Kind() == '"' && secretName(unquote(m.value)) {
			pairSecret = true
		}
		members = append(members, m)
	}
	r.out.WriteByte('{')
	for i, m := range members {
		if i > 0 {
			r.out.WriteByte(',')
		}
		name := unquote(m.name)
		if err := r.quote(Redact(name)); err != nil {
			return err
		}
		r.out.WriteByte(':')
		if err := r.value(m.value, secret || secretName(name) || pairSecret && pairValues[fold(name)], depth+1); err != nil {
			return err
		}
	}
	r.out.WriteByte('}')
	return nil
}

func (r *jsonRedactor) text(raw jsontext.Value, secret bool) error {
	s := unquote(raw)
	if secret && s != "" {
		return r.quote(Redacted)
	}
	if inner := strings.TrimSpace(s); r.texts > 0 && inner != "" && (inner[0] == '{' || inner[0] == '[') {
		nested := jsonRedactor{texts: r.texts - 1}
		if nested.document([]byte(inner)) == nil {
			return r.quote(nested.out.String())
		}
	}
	return r.quote(Redact(s))
}

func (r *jsonRedactor) quote(s string) error {
	quoted, err := jsontext.AppendQuote(r.out.AvailableBuffer(), s)
	if err != nil {
		return fault.New(fault.Invalid, "redact JSON: %w", err)
	}
	r.out.Write(quoted)
	return nil
}

// unquote returns the text of a JSON string that is known to be valid.
func unquote(raw jsontext.Value) string {
	s, err := jsontext.AppendUnquote(nil, raw)
	if err != nil { // never shown: the marker is the only thing that is safe to return
		return Redacted
	}
	return string(s)
}

// The names under which services write a pair of name and value: ECS environments, CloudFormation parameters, tags.
var (
	pairNames  = map[string]bool{"name": true, "key": true, "parameterkey": true, "parametername": true}
	pairValues = map[string]bool{"value": true, "parametervalue": true, "stringvalue": true}
)
