package detect

import (
	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	jsonv2 "github.com/go-json-experiment/json"
)

// functions are what conditions have beside CEL's own: policies come as JSON in a text, and AWS writes a list of one
// without brackets.
//
//	parseJSON(text)  the value of a JSON text; an error where it is none
//	listOf(value)    the value where it is a list, else a list of it
func functions() []cel.EnvOption {
	return []cel.EnvOption{
		cel.Function("parseJSON", cel.Overload("parse_json_string", []*cel.Type{cel.StringType}, cel.DynType, cel.UnaryBinding(parseJSON))),
		cel.Function("listOf", cel.Overload("list_of_dyn", []*cel.Type{cel.DynType}, cel.ListType(cel.DynType), cel.UnaryBinding(listOf))),
	}
}

func parseJSON(text ref.Val) ref.Val {
	var value any
	if err := jsonv2.Unmarshal([]byte(text.(types.String)), &value); err != nil {
		return types.NewErr("parseJSON: %v", err)
	}
	return types.DefaultTypeAdapter.NativeToValue(value)
}

func listOf(value ref.Val) ref.Val {
	if _, ok := value.(traits.Lister); ok {
		return value
	}
	return types.NewRefValList(types.DefaultTypeAdapter, []ref.Val{value})
}
