package action

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"

	"riposte.dev/fault"
)

// MaxParams bounds an action's parameters, in bytes.
const MaxParams = 64 << 10

// DecodeParams reads an action's parameters into dst, a pointer to a struct whose fields have json tags. It is strict,
// because a misspelt parameter that is ignored makes an action do something else than its author meant: names are case
// sensitive, and an unknown or repeated name, a value of the wrong type, anything but one object, and more than MaxParams
// bytes are fault.Invalid (or TooLarge). All unknown names are told at once, with those that exist.
func DecodeParams(raw json.RawMessage, dst any) error {
	known := fieldNames(dst)
	hint := "the parameters are: " + strings.Join(known, ", ")
	if len(raw) > MaxParams {
		return fault.New(fault.TooLarge, "the parameters have %d bytes, over the limit of %d", len(raw), MaxParams)
	}
	var members map[string]json.RawMessage
	if err := jsonv2.Unmarshal(raw, &members); err != nil || members == nil {
		if err == nil {
			err = fmt.Errorf("null")
		}
		return fault.New(fault.Invalid, "the parameters are not a JSON object: %w", err).WithHint("%s", hint)
	}
	var unknown []string
	for name := range members {
		if !slices.Contains(known, name) {
			unknown = append(unknown, fmt.Sprintf("%q", name))
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return fault.New(fault.Invalid, "unknown parameter %s", strings.Join(unknown, ", ")).WithHint("%s", hint)
	}
	if err := jsonv2.Unmarshal(raw, dst, jsonv2.RejectUnknownMembers(true)); err != nil {
		return fault.New(fault.Invalid, "wrong parameters: %w", plain(err)).WithHint("%s", hint)
	}
	return nil
}

// plain says a value of the wrong type in words of JSON, not of Go.
func plain(err error) error {
	var wrong *jsonv2.SemanticError
	if !errors.As(err, &wrong) || wrong.Err != nil || wrong.GoType == nil {
		return err
	}
	want := wrong.GoType
	for want.Kind() == reflect.Pointer {
		want = want.Elem()
	}
	is := map[byte]string{'n': "null", 't': "true", 'f': "false", '"': "text", '0': "a number", '{': "an object", '[': "a list"}[byte(wrong.JSONKind)]
	name := strings.TrimPrefix(string(wrong.JSONPointer), "/")
	var must string
	switch want.Kind() {
	case reflect.Slice, reflect.Array:
		must = "a list"
	case reflect.String:
		must = "text"
	case reflect.Bool:
		must = "true or false"
	case reflect.Map, reflect.Struct:
		must = "an object"
	case reflect.Int, reflect.Int32, reflect.Int64:
		must = "a whole number"
	default:
		return err
	}
	return fmt.Errorf("%s is %s, and must be %s", name, is, must)
}

// fieldNames returns the JSON names of the struct that dst points to, in the order of its fields.
func fieldNames(dst any) []string {
	t := reflect.TypeOf(dst).Elem()
	var names []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}
