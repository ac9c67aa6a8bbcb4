package jsonata

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/grafana/sobek"
)

// vm is a JavaScript engine with the script. One goroutine uses it at a time.
type vm struct {
	runtime            *sobek.Runtime
	compile, uses, run sobek.Callable
	expressions        map[string]sobek.Value // compiled, by text
	env                Env
	broken             bool // stopped somewhere: not to be used again
}

// maxCompiled bounds the compiled expressions that a VM keeps.
const maxCompiled = 512

func newVM() (*vm, error) {
	code, err := loaded()
	if err != nil {
		return nil, err
	}
	v := &vm{runtime: sobek.New(), expressions: map[string]sobek.Value{}}
	v.runtime.SetMaxCallStackSize(maxCalls)
	v.runtime.SetTimeSource(func() time.Time { return v.env.Now })
	v.runtime.SetRandSource(func() float64 { return unit(v.env.Random()) })
	if err := v.runtime.Set("window", map[string]any{"btoa": btoa, "atob": atob}); err != nil {
		return nil, err
	}
	script, err := v.runtime.RunProgram(code.script)
	if err != nil {
		return nil, err
	}
	driver, err := v.runtime.RunProgram(code.driver)
	if err != nil {
		return nil, err
	}
	install, _ := sobek.AssertFunction(driver)
	made, err := install(nil, script, v.runtime.ToValue(v.host()))
	if err != nil {
		return nil, err
	}
	of := func(name string) sobek.Callable {
		f, _ := sobek.AssertFunction(made.ToObject(v.runtime).Get(name))
		return f
	}
	v.compile, v.uses, v.run = of("compile"), of("inspect"), of("evaluate")
	return v, nil
}

// compiled returns the expression, compiled in this VM.
func (v *vm) compiled(text string) (sobek.Value, error) {
	if known, ok := v.expressions[text]; ok {
		return known, nil
	}
	made, err := v.compile(nil, v.runtime.ToValue(text))
	if err != nil {
		return nil, v.failure(text, err)
	}
	if len(v.expressions) >= maxCompiled {
		clear(v.expressions)
	}
	v.expressions[text] = made
	return made, nil
}

func (v *vm) inspect(compiled sobek.Value, text string) (Uses, error) {
	var found struct {
		Uses
		Bound []string
	}
	out, err := v.uses(nil, compiled)
	if err != nil {
		return found.Uses, v.failure(text, err)
	}
	if err := json.Unmarshal([]byte(out.String()), &found); err != nil {
		return found.Uses, err
	}
	if slices.Contains(found.Variables, "eval") && !slices.Contains(found.Bound, "eval") {
		return found.Uses, &Error{Message: "Step Functions has no $eval; $parse reads JSON", Position: strings.Index(text, "$eval")}
	}
	return found.Uses, nil
}

func (v *vm) evaluate(text, bindings string) (json.RawMessage, error) {
	expression, err := v.compiled(text)
	if err != nil {
		return nil, err
	}
	out, err := v.run(nil, expression, v.runtime.ToValue(bindings))
	if err != nil {
		return nil, v.failure(text, err)
	}
	promise, ok := out.Export().(*sobek.Promise)
	if !ok || promise.State() == sobek.PromiseStatePending { // what it waits for can't come any more
		return nil, exceeded("the evaluation did not end")
	}
	if promise.State() == sobek.PromiseStateRejected {
		return nil, v.thrown(text, promise.Result())
	}
	return encode(v.runtime, promise.Result())
}

// failure turns what a call into the VM returned into the error of the package.
func (v *vm) failure(text string, err error) error {
	var exception *sobek.Exception
	var interrupted *sobek.InterruptedError
	var overflow *sobek.StackOverflowError
	switch {
	case errors.As(err, &interrupted):
		v.broken = true
		if cause, ok := interrupted.Value().(error); ok {
			return cause
		}
		return err
	case errors.As(err, &overflow):
		v.broken = true
		return exceeded("the evaluation is nested too deep")
	case errors.As(err, &exception):
		return v.thrown(text, exception.Value())
	default:
		return err
	}
}

// thrown reads the object that JSONata throws.
func (v *vm) thrown(text string, value sobek.Value) error {
	e := &Error{Message: value.String(), Position: -1}
	o, ok := value.(*sobek.Object)
	if !ok {
		return e
	}
	if message := o.Get("message"); message != nil {
		e.Message = message.String()
	}
	if code := o.Get("code"); code != nil && !sobek.IsUndefined(code) {
		e.Code = code.String()
	}
	if position := o.Get("position"); position != nil && !sobek.IsUndefined(position) {
		e.Position = byteOffset(text, int(position.ToInteger()))
	}
	e.Message = strings.TrimPrefix(e.Message, "GoError: ")
	return e
}

// byteOffset turns an offset in UTF-16 units into one in bytes.
func byteOffset(text string, units int) int {
	for i, r := range text {
		if units <= 0 {
			return i
		}
		units -= utf16.RuneLen(r)
	}
	return len(text)
}

var errTimeout = exceeded("the evaluation took longer than %v", MaxTime)

// bounded runs f in the VM until the limit or the context ends it. It says whether the VM may be used again.
func (v *vm) bounded(ctx context.Context, f func(*vm) error) (reusable bool, err error) {
	timer := time.AfterFunc(MaxTime, func() { v.runtime.Interrupt(errTimeout) })
	stop := context.AfterFunc(ctx, func() { v.runtime.Interrupt(context.Cause(ctx)) })
	err = f(v)
	inTime, alive := timer.Stop(), stop()
	return inTime && alive && !v.broken, err
}
