package wire

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"
)

// Response is an encoded answer.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Encode writes the output of an operation. out has the model's member names;
// members that the model doesn't know are an error of the handler.
func (t *Target) Encode(out Object, requestID string) (*Response, error) {
	r := &Response{Status: http.StatusOK, Header: http.Header{}}
	if t.Operation.Status != 0 {
		r.Status = t.Operation.Status
	}
	var shape *Shape
	if t.Operation.Output != nil {
		shape = t.Operation.Output.Type()
		for name := range out {
			if shape.MemberNamed(name) == nil {
				return nil, fmt.Errorf("%s %s: the output has no member %q", t.Model.Service, t.Operation.Name, name)
			}
		}
	}
	var err error
	switch t.Protocol {
	case JSON:
		r.Header.Set("X-Amzn-RequestId", requestID)
		r.Header.Set("Content-Type", "application/x-amz-json-"+t.Model.Metadata.JSONVersion)
		if shape != nil || t.Model.Metadata.QueryCompatible {
			r.Body, err = jsonBody(shape, out, false)
		}
	case Query, EC2:
		r.Header.Set("X-Amzn-RequestId", requestID)
		r.Header.Set("Content-Type", "text/xml;charset=UTF-8")
		r.Body, err = t.formAnswer(shape, out, requestID)
	case RESTJSON:
		r.Header.Set("X-Amzn-RequestId", requestID)
		r.Header.Set("Content-Type", "application/json")
		if shape != nil {
			if err = headersOf(shape, out, r.Header); err == nil {
				r.Body, err = jsonBody(shape, out, true)
			}
		}
	case RESTXML:
		err = t.restXMLAnswer(r, shape, out)
	}
	if err != nil {
		return nil, fmt.Errorf("encode the output of %s %s: %w", t.Model.Service, t.Operation.Name, err)
	}
	return r, nil
}

// jsonBody writes a body. Only REST protocols rename members; the names that a
// model of the Query protocol has for its XML are not those of its JSON.
func jsonBody(shape *Shape, out Object, renamed bool) ([]byte, error) {
	if shape == nil || out == nil {
		return []byte("{}"), nil
	}
	v, err := toJSON(shape, out, "", renamed)
	if err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

// toJSON converts a value of the model to what encoding/json writes.
func toJSON(s *Shape, v any, path string, renamed bool) (any, error) {
	switch x := v.(type) {
	case Object:
		out := make(map[string]any, len(x))
		for k, e := range x {
			if e == nil {
				continue
			}
			sub, name := s.Value, k
			if s.Type == "structure" {
				if sub = s.MemberNamed(k); sub != nil {
					if sub.Location != "" {
						continue
					}
					if renamed {
						name = orElse(sub.LocationName, k)
					}
				}
			}
			if sub == nil {
				return nil, fmt.Errorf("%s: the model's %s has no member %q", path, s.Name, k)
			}
			j, err := toJSON(sub.Type(), e, join(path, k), renamed)
			if err != nil {
				return nil, err
			}
			out[name] = j
		}
		return out, nil
	case List:
		if s.Member == nil {
			return nil, fmt.Errorf("%s: a list where the model has a %s", path, s.Type)
		}
		out := make([]any, 0, len(x))
		for i, e := range x {
			j, err := toJSON(s.Member.Type(), e, path+"."+strconv.Itoa(i), renamed)
			if err != nil {
				return nil, err
			}
			out = append(out, j)
		}
		return out, nil
	case time.Time:
		if s.TimestampFormat == formatISO {
			return formatTime(x, formatISO), nil
		}
		return json.Number(formatTime(x, formatEpoch)), nil
	case float64:
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, fmt.Errorf("%s: %v has no JSON form", path, x)
		}
		return x, nil
	case string, bool, int, int64, []byte:
		return x, nil
	}
	return nil, fmt.Errorf("%s: a %T has no JSON form", path, v)
}
