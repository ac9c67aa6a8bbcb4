package integration

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/smithy-go/middleware"

	"riposte.dev/fault"
)

// maxBody bounds what is read of an object's body. The output of a state is bounded by less, and says so in the language's words.
const maxBody = 1 << 20

// encode turns the SDK's output into what Step Functions gives a playbook: members in Pascal case, times in ISO 8601, what is absent
// left out. A body that is streamed is read and closed.
func encode(out reflect.Value) (json.RawMessage, error) {
	v, err := plain(out)
	if err != nil {
		return nil, err
	}
	if v == nil {
		v = map[string]any{}
	}
	return json.Marshal(v)
}

// plain returns a value without the SDK's types; nil for what is absent.
func plain(v reflect.Value) (any, error) {
	switch v.Kind() {
	case reflect.Invalid:
		return nil, nil
	case reflect.Pointer:
		if v.IsNil() {
			return nil, nil
		}
		return plain(v.Elem())
	case reflect.Interface:
		return plainInterface(v)
	case reflect.Struct:
		return plainStruct(v)
	case reflect.Slice:
		return plainList(v)
	case reflect.Map:
		if v.IsNil() {
			return nil, nil
		}
		members := make(map[string]any, v.Len())
		for of := v.MapRange(); of.Next(); {
			member, err := plain(of.Value())
			if err != nil {
				return nil, err
			}
			members[of.Key().String()] = member
		}
		return members, nil
	case reflect.String:
		if v.Type() != reflect.TypeFor[string]() && v.Len() == 0 {
			return nil, nil // an enumeration that was not given
		}
		return v.String(), nil
	default:
		return v.Interface(), nil
	}
}

func plainStruct(v reflect.Value) (any, error) {
	if at, ok := v.Interface().(time.Time); ok {
		return at.UTC().Format("2006-01-02T15:04:05.999Z07:00"), nil
	}
	members := make(map[string]any, v.NumField())
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !f.IsExported() || f.Type == reflect.TypeFor[middleware.Metadata]() {
			continue
		}
		member, err := plain(v.Field(i))
		if err != nil {
			return nil, err
		}
		if member != nil {
			members[pascal(f.Name)] = member
		}
	}
	return members, nil
}

func plainList(v reflect.Value) (any, error) {
	if v.IsNil() {
		return nil, nil
	}
	if v.Type() == bytesType {
		return legible(v.Bytes()), nil
	}
	list := make([]any, v.Len())
	for i := range list {
		var err error
		if list[i], err = plain(v.Index(i)); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// plainInterface reads a body, or the one member of a union: its types are named after the union and the member.
func plainInterface(v reflect.Value) (any, error) {
	if v.IsNil() {
		return nil, nil
	}
	if body, ok := v.Interface().(io.ReadCloser); ok {
		defer body.Close()
		text, err := io.ReadAll(io.LimitReader(body, maxBody+1))
		if err != nil {
			return nil, fault.New(fault.Unavailable, "read the answer's body: %w", err)
		}
		if len(text) > maxBody {
			return nil, &Error{Name: "States.DataLimitExceeded", Cause: fmt.Sprintf("The answer's body has more than %d bytes.", maxBody)}
		}
		return legible(text), nil
	}
	one := v.Elem()
	if one.Kind() == reflect.Pointer {
		one = one.Elem()
	}
	if one.Kind() == reflect.Struct {
		if value := one.FieldByName("Value"); value.IsValid() {
			member, err := plain(value)
			_, name, _ := strings.Cut(one.Type().Name(), "Member")
			return map[string]any{pascal(name): member}, err
		}
	}
	return plain(v.Elem())
}

// legible gives bytes as text where they are, and else in base64.
func legible(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	return base64.StdEncoding.EncodeToString(b)
}
