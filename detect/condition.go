package detect

import (
	"context"
	"fmt"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/ext"

	"riposte.dev/conf"
	"riposte.dev/fault"
)

// Bounds on one evaluation of a condition. A condition over them fails, and a failed condition starts nothing. The cost is
// what bounds the work, a few milliseconds of it; the time is generous, so that a busy machine does not make a rule fail.
const (
	maxConditionCost  = 20_000
	maxConditionTime  = time.Second
	maxConditionBytes = 4096
)

// conditions compiles the `when` expressions of a rule set: CEL (https://github.com/google/cel-spec) with the standard
// library, the strings extension, the functions of functions.go, and one variable: event, the whole envelope.
type conditions struct {
	env *cel.Env
}

func newConditions() (*conditions, error) {
	env, err := cel.NewEnv(append(functions(),
		cel.Variable("event", cel.DynType),
		cel.CrossTypeNumericComparisons(true),
		cel.DefaultUTCTimeZone(true),
		cel.ParserExpressionSizeLimit(maxConditionBytes),
		ext.Strings(),
	)...)
	if err != nil {
		return nil, fault.New(fault.Internal, "setting up CEL: %w", err)
	}
	return &conditions{env: env}, nil
}

// condition is a compiled expression, safe for concurrent use.
type condition struct {
	program cel.Program
}

// compile reports every mistake in the expression at its place in the file, as well as a single-line text allows.
func (c *conditions) compile(n *conf.Node) (*condition, conf.Problems) {
	problem := func(at conf.Position, hint, format string, args ...any) conf.Problems {
		return conf.Problems{{Position: at, Path: "when", Message: fmt.Sprintf(format, args...), Hint: hint}}
	}
	ast, issues := c.env.Compile(n.Text)
	if issues.Err() != nil {
		var all conf.Problems
		for _, e := range issues.Errors() {
			all = append(all, problem(n.Position,
				`the event is the variable event: !has(event.detail.errorCode), event.detail.userIdentity.type == "Root"`,
				"when, at line %d column %d of the expression: %s", e.Location.Line(), e.Location.Column()+1, e.Message)...)
			if strings.HasPrefix(e.Message, "Syntax error") {
				break // what follows it is noise
			}
		}
		return nil, all
	}
	if t := ast.OutputType(); !t.IsExactType(cel.BoolType) && !t.IsExactType(cel.DynType) {
		return nil, problem(n.Position, "compare the value with something", "when gives a %s, not true or false", t)
	}
	program, err := c.env.Program(ast, cel.CostLimit(maxConditionCost), cel.InterruptCheckFrequency(100))
	if err != nil {
		return nil, problem(n.Position, "", "when cannot be prepared: %v", err)
	}
	return &condition{program: program}, nil
}

// holds evaluates the condition. Every failure is an error: a field that is not there, another type than boolean, too
// much cost, too much time.
func (c *condition) holds(ctx context.Context, s *scope) (bool, error) {
	limited, cancel := context.WithTimeout(ctx, maxConditionTime)
	defer cancel()
	out, _, err := c.program.ContextEval(limited, map[string]any{"event": s.event})
	if ctx.Err() != nil {
		return false, ctx.Err() // we are being stopped; that says nothing about the condition
	}
	if err != nil {
		return false, fault.New(fault.Invalid, "the condition cannot be evaluated: %w", err).
			WithHint("guard fields that may be missing with has(), as in has(event.detail.errorCode) && …")
	}
	held, ok := out.Value().(bool)
	if !ok {
		return false, fault.New(fault.Invalid, "the condition gave %v, not true or false", out.Type()).WithHint("compare the value with something")
	}
	return held, nil
}
