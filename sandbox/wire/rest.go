package wire

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// decodeREST reads path labels, query string, headers and payload
// (https://smithy.io/2.0/spec/http-bindings.html).
func (t *Target) decodeREST(shape *Shape, r *Request) (Object, error) {
	in := Object{}
	if shape.Payload == "" {
		body, err := t.decodeBody(shape, r.Body)
		if err != nil {
			return nil, err
		}
		if body != nil {
			in = body
		}
	}
	query := r.HTTP.URL.Query()
	for _, m := range shape.Members {
		name := orElse(m.LocationName, m.Name)
		var v any
		var err error
		switch m.Location {
		case "uri":
			if text, ok := t.Labels[name]; ok {
				v, err = scalarFromText(m.Type(), text, m.Name, formatISO)
			}
		case "querystring":
			v, err = fromQuery(m, query, name)
		case "header":
			if text := r.HTTP.Header.Get(name); text != "" {
				v, err = fromHeader(m.Type(), text, m.Name)
			}
		case "headers":
			v = fromHeaders(r.HTTP.Header, name)
		default:
			if m.Name == shape.Payload {
				v, err = t.decodePayload(m, r.Body)
			}
		}
		if err != nil {
			return nil, err
		}
		if v != nil {
			in[m.Name] = v
		} else if m.Location != "" {
			// A body may not speak for what belongs to the path or a header.
			delete(in, m.Name)
		}
	}
	return in, nil
}

// decodeBody reads the members that have no place of their own.
func (t *Target) decodeBody(shape *Shape, body []byte) (Object, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, nil
	}
	if t.Protocol == RESTJSON {
		return decodeJSONBody(shape, body)
	}
	root, err := parseXML(body)
	if err != nil {
		return nil, err
	}
	v, err := fromXML(shape, root, "")
	o, _ := v.(Object)
	return o, err
}

func (t *Target) decodePayload(m *Ref, body []byte) (any, error) {
	s := m.Type()
	if s.Type == "blob" {
		return body, nil
	}
	if s.Type == "string" {
		if len(body) == 0 {
			return nil, nil
		}
		return string(body), nil
	}
	o, err := t.decodeBody(s, body)
	if o == nil || err != nil {
		return nil, err
	}
	return o, nil
}

func fromQuery(m *Ref, q url.Values, name string) (any, error) {
	s := m.Type()
	switch s.Type {
	case "list":
		if !q.Has(name) {
			return nil, nil
		}
		out := List{}
		for _, text := range q[name] {
			v, err := scalarFromText(s.Member.Type(), text, m.Name, formatISO)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, nil
	case "map":
		out := Object{}
		for k, vs := range q {
			out[k] = vs[0]
		}
		return out, nil
	}
	if !q.Has(name) {
		return nil, nil
	}
	return scalarFromText(s, q.Get(name), m.Name, formatISO)
}

func fromHeader(s *Shape, text, path string) (any, error) {
	if s.Type != "list" {
		return scalarFromText(s, text, path, formatRFC)
	}
	out := List{}
	for _, part := range strings.Split(text, ",") {
		v, err := scalarFromText(s.Member.Type(), strings.TrimSpace(part), path, formatRFC)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func fromHeaders(h http.Header, prefix string) any {
	out := Object{}
	for k := range h {
		if len(k) >= len(prefix) && strings.EqualFold(k[:len(prefix)], prefix) {
			out[strings.ToLower(k[len(prefix):])] = h.Get(k)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// headersOf writes the members of an output that travel as headers.
func headersOf(shape *Shape, out Object, h http.Header) error {
	for _, m := range shape.Members {
		v := out[m.Name]
		if v == nil {
			continue
		}
		name := orElse(m.LocationName, m.Name)
		switch m.Location {
		case "header":
			text, err := textOf(m.Type(), v, formatRFC)
			if err != nil {
				return fmt.Errorf("header %s: %w", name, err)
			}
			h.Set(name, text)
		case "headers":
			entries, ok := v.(Object)
			if !ok {
				return fmt.Errorf("headers %s*: want a map, got %T", name, v)
			}
			for k, e := range entries {
				// In small letters, as S3 writes them: clients take the map's keys
				// from the names, and some as they are.
				h[strings.ToLower(name+k)] = []string{fmt.Sprint(e)}
			}
		}
	}
	return nil
}
