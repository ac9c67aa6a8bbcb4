package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxDepth bounds how deep an input may nest. The deepest input of an answered
// operation has about ten levels.
const maxDepth = 64

var errDeep = errors.New("the input nests too deeply")

// typeError is a value that doesn't have the type of the model.
type typeError struct {
	path, want string
	got        any
}

func (e *typeError) Error() string {
	return fmt.Sprintf("%s: want %s, got %.80s", e.path, e.want, fmt.Sprint(e.got))
}

// Decode reads the input of an identified operation and checks it against the
// model. The operation must be known. Members that the model doesn't know are ignored, as AWS does. The
// error is an *Error in the words of the service.
func (t *Target) Decode(r *Request) (Object, error) {
	in := Object{}
	if t.Operation.Input == nil {
		return in, nil
	}
	shape := t.Operation.Input.Type()
	var err error
	switch t.Protocol {
	case JSON:
		in, err = decodeJSONBody(shape, r.Body)
	case Query, EC2:
		in, err = decodeForm(shape, r.Form, t.Protocol == EC2)
	case RESTJSON, RESTXML:
		in, err = t.decodeREST(shape, r)
	default:
		err = fmt.Errorf("unknown protocol %q", t.Protocol)
	}
	if err != nil {
		return nil, t.CommonError(Malformed, "%v", err)
	}
	return in, t.validate(shape, in)
}

// CommonError words a common failure for this target.
func (t *Target) CommonError(kind Common, format string, args ...any) *Error {
	return CommonError(t.Model.Service, t.Protocol, kind, format, args...)
}

func decodeJSONBody(shape *Shape, body []byte) (Object, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return Object{}, nil
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, fmt.Errorf("the body is not JSON: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("the body has more than one JSON value")
	}
	o, err := fromJSON(shape, v, "", 0)
	if err != nil {
		return nil, err
	}
	obj, ok := o.(Object)
	if !ok {
		return Object{}, nil
	}
	return obj, nil
}

// fromJSON converts a parsed JSON value to the model's type; null is nil.
func fromJSON(s *Shape, v any, path string, depth int) (any, error) {
	if v == nil {
		return nil, nil
	}
	if depth > maxDepth {
		return nil, errDeep
	}
	switch s.Type {
	case "structure":
		src, ok := v.(map[string]any)
		if !ok {
			return nil, &typeError{path, "an object", v}
		}
		out := Object{}
		for _, m := range s.Members {
			name := m.Name
			if m.LocationName != "" {
				if _, ok := src[m.LocationName]; ok {
					name = m.LocationName
				}
			}
			x, err := fromJSON(m.Type(), src[name], join(path, m.Name), depth+1)
			if err != nil {
				return nil, err
			}
			if x != nil {
				out[m.Name] = x
			}
		}
		return out, nil
	case "map":
		src, ok := v.(map[string]any)
		if !ok {
			return nil, &typeError{path, "an object", v}
		}
		out := Object{}
		for k, e := range src {
			x, err := fromJSON(s.Value.Type(), e, join(path, k), depth+1)
			if err != nil {
				return nil, err
			}
			if x != nil {
				out[k] = x
			}
		}
		return out, nil
	case "list":
		src, ok := v.([]any)
		if !ok {
			return nil, &typeError{path, "a list", v}
		}
		out := make(List, 0, len(src))
		for i, e := range src {
			x, err := fromJSON(s.Member.Type(), e, fmt.Sprintf("%s.%d", path, i+1), depth+1)
			if err != nil {
				return nil, err
			}
			out = append(out, x)
		}
		return out, nil
	}
	return scalarFromJSON(s, v, path)
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
