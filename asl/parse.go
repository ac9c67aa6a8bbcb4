package asl

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"riposte.dev/conf"
)

// Parse reads a definition, JSON or YAML. Its error is conf.Problems with every mistake of the definition: unknown and
// missing fields, bad paths and functions, transitions that lead nowhere, states that are never reached or never end.
func Parse(file string, src []byte) (*Machine, error) {
	doc, err := conf.Parse(file, src)
	if err != nil {
		return nil, err
	}
	return ParseNode(doc.Root)
}

// ParseNode reads a definition that is part of a document; the problems' paths are relative to it.
func ParseNode(n *conf.Node) (*Machine, error) {
	p := &parser{root: n, problems: n.Duplicates(), all: map[string]*State{}, strange: map[conf.Position]bool{}}
	var f machineFields
	p.decode(n, "", &f)
	m := &Machine{Comment: f.Comment, Timeout: f.TimeoutSeconds.fixed, text: n.JSON(), all: p.all}
	if len(m.text) > MaxDefinition {
		p.fail("", "split it", "the definition has %d bytes, over the limit of %d", len(m.text), MaxDefinition)
	}
	if f.Version != "" && f.Version != "1.0" {
		p.fail("Version", `write "1.0" or leave it out`, "there is no version %q of the language", f.Version)
	}
	if f.TimeoutSeconds.given && f.TimeoutSeconds.fixed == 0 {
		p.fail("TimeoutSeconds", "", "TimeoutSeconds must be at least 1")
	}
	p.language = f.QueryLanguage
	m.Flow = *p.flow(f.flowFields, "")
	if len(p.all) > MaxStates {
		p.fail("States", "split the machine", "there are %d states, over the limit of %d", len(p.all), MaxStates)
	}
	p.graphs()
	if err := p.problems.Err(); err != nil {
		return nil, err
	}
	return m, nil
}

type parser struct {
	root     *conf.Node
	problems conf.Problems
	all      map[string]*State // of the whole machine
	language language          // of the machine
	at       stateAt           // the state that is being read
	scripted bool              // that JSONata is missing was reported
	strange  map[conf.Position]bool
	flows    []flowAt
}

// flowAt is a flow and where it stands in the definition.
type flowAt struct {
	*Flow
	path string
}

// fail reports a mistake at the value that the path leads to.
func (p *parser) fail(path, hint, format string, args ...any) {
	at := p.root
	if n := p.root.Find(path); n != nil {
		at = n
	}
	p.failAt(at.Position, path, hint, format, args...)
}

func (p *parser) failAt(at conf.Position, path, hint, format string, args ...any) {
	p.problems = append(p.problems, conf.Problem{Position: at, Path: path, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// decode fills v from a part of the definition; duplicate keys were reported for the whole.
func (p *parser) decode(n *conf.Node, path string, v any) {
	err := n.Decode(v)
	var problems conf.Problems
	if err != nil && !errors.As(err, &problems) {
		p.fail(path, "", "%s", err)
	}
	p.problems = append(p.problems, slices.DeleteFunc(problems.In(path), p.isStrange)...)
}

func (p *parser) states(n *conf.Node, at string, flow *Flow) {
	if n.Kind != conf.Object || len(n.Fields) == 0 {
		p.fail(at, "write at least one state: {name: {Type: …}}", "States must be an object with states")
		return
	}
	for _, f := range n.Fields {
		path := conf.FieldPath(at, f.Name)
		if length := utf8.RuneCountInString(f.Name); length > 80 {
			p.fail(path, "shorten it", "the state's name has %d characters, over the limit of 80", length)
		}
		if flow.States[f.Name] != nil {
			continue // reported as a duplicate key
		}
		s := p.state(f.Name, path, f.Value)
		flow.Order = append(flow.Order, f.Name)
		flow.States[f.Name] = s
		if p.all[f.Name] != nil {
			p.failAt(f.At, path, "rename one of them", "there are two states %q; a name must be unique in the whole machine", f.Name)
		}
		p.all[f.Name] = s
	}
}

// state reads one state; it returns one also when there are problems, so that transitions to it are not reported too.
func (p *parser) state(name, path string, n *conf.Node) *State {
	s := &State{Name: name}
	if n.Kind != conf.Object {
		p.fail(path, "", "the state %q must be an object", name)
		return s
	}
	kind := n.Get("Type")
	if kind == nil || kind.Kind != conf.String {
		p.fail(path, "add Type: "+strings.Join(types(), ", "), "the state %q has no Type", name)
		return s
	}
	s.Type = Type(kind.Text)
	outer := p.at
	defer func() { p.at = outer }()
	p.at = stateAt{path: path, query: p.queries(n, path)}
	s.query = p.at.query
	p.foreign(n, path)
	switch s.Type {
	case Task:
		p.task(n, path, s)
	case Pass:
		p.pass(n, path, s)
	case Wait:
		p.wait(n, path, s)
	case Choice:
		p.choice(n, path, s)
	case Succeed:
		var f succeedFields
		p.decode(n, path, &f)
		s.Comment, s.input, s.output, s.produce = f.Comment, f.InputPath, f.OutputPath, p.template(f.Output, path+".Output")
	case Fail:
		p.failState(n, path, s)
	case Parallel:
		p.parallel(n, path, s)
	case Map:
		p.mapState(n, path, s)
	default:
		p.fail(path+".Type", conf.Suggest(kind.Text, types()), "there is no state type %q", kind.Text)
	}
	return s
}

func types() []string {
	return []string{string(Task), string(Choice), string(Pass), string(Wait), string(Succeed), string(Fail), string(Parallel), string(Map)}
}

// next reads the transition that every state but Choice, Succeed and Fail has.
func (p *parser) next(f nextFields, n *conf.Node, path string, s *State) {
	s.Next = f.Next
	end := n.Get("End")
	switch {
	case f.Next != "" && end != nil:
		p.fail(path+".End", "keep one of them", "the state %q has both Next and End", s.Name)
	case end != nil && !f.End && end.Kind == conf.Bool:
		p.fail(path+".End", "write true, or Next instead", "End must be true")
	case f.Next == "" && end == nil:
		p.fail(path, "add Next: <state> or End: true", "the state %q says not what comes next", s.Name)
	}
}

func (p *parser) template(n *conf.Node, path string) *template {
	if n == nil {
		return nil
	}
	if p.at.query {
		return p.compileQueries(n, path)
	}
	return compileTemplate(n, func(at *conf.Node, hint string, err error) {
		p.problems = append(p.problems, conf.Problem{Position: at.Position, Path: path, Message: err.Error(), Hint: hint})
	})
}

// assign reads variables to set.
func (p *parser) assign(f assignFields, path string) *template {
	if f.Assign == nil {
		return nil
	}
	path += ".Assign"
	if f.Assign.Kind != conf.Object {
		p.fail(path, "", "Assign must be an object")
		return nil
	}
	for _, field := range f.Assign.Fields {
		name := field.Name
		if !p.at.query {
			name = strings.TrimSuffix(name, ".$")
		}
		if name == "states" {
			p.failAt(field.At, conf.FieldPath(path, field.Name), "choose another name", "$states is the language's own")
		}
		if !validVariable(name) {
			p.failAt(field.At, conf.FieldPath(path, field.Name), "use letters, digits and _, at most 80", "%q is no name for a variable", name)
		}
	}
	return p.template(f.Assign, path)
}

func (p *parser) task(n *conf.Node, path string, s *State) {
	var f taskFields
	p.decode(n, path, &f)
	p.next(f.nextFields, n, path, s)
	arguments, field := p.arguments(f.Parameters, f.Arguments)
	s.Comment, s.Resource, s.Parameters = f.Comment, f.Resource, arguments
	if resource := n.Get("Resource"); resource != nil {
		s.At = resource.Position
	}
	s.input, s.output, s.result = f.InputPath, f.OutputPath, pathOption(f.ResultPath)
	s.parameters, s.selector = p.template(arguments, path+field), p.template(f.ResultSelector, path+".ResultSelector")
	s.assign, s.produce = p.assign(f.assignFields, path), p.template(f.Output, path+".Output")
	s.timeout, s.heartbeat = f.TimeoutSeconds, f.HeartbeatSeconds
	for _, limit := range []struct {
		name string
		to   *seconds
		path *Path
	}{{"TimeoutSeconds", &s.timeout, f.TimeoutSecondsPath}, {"HeartbeatSeconds", &s.heartbeat, f.HeartbeatSecondsPath}} {
		if limit.to.given && limit.path != nil {
			p.fail(path+"."+limit.name+"Path", "keep one of them", "%s and %sPath exclude each other", limit.name, limit.name)
		}
		p.expressed(limit.to, path+"."+limit.name)
		if limit.to.given && limit.to.fixed == 0 && limit.to.expression == nil {
			p.fail(path+"."+limit.name, "", "%s must be at least 1", limit.name)
		}
		if limit.path != nil {
			limit.to.given, limit.to.path = true, limit.path
		}
	}
	if s.heartbeat.fixed > 0 && s.timeout.fixed > 0 && s.heartbeat.fixed >= s.timeout.fixed {
		p.fail(path+".HeartbeatSeconds", "", "HeartbeatSeconds must be less than TimeoutSeconds")
	}
	s.Credentials = f.Credentials
	s.credentials = p.template(f.Credentials, path+".Credentials")
	p.failures(f.failureFields, path, s)
}

func (p *parser) errorEquals(names []string, path string, last bool) {
	at := path + ".ErrorEquals"
	if len(names) == 0 {
		p.fail(at, "write [States.ALL] for every error", "ErrorEquals names no error")
	}
	if slices.Contains(names, ErrAll) && (len(names) > 1 || !last) {
		p.fail(at, "", "States.ALL must stand alone, and in the last entry")
	}
	for _, name := range names {
		if strings.HasPrefix(name, "States.") && !strings.HasPrefix(name, httpErrors) && !slices.Contains(reserved(), name) {
			p.fail(at, conf.Suggest(name, reserved()), "there is no reserved error %q", name)
		}
	}
}
