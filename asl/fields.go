package asl

import (
	"strconv"
	"time"

	"riposte.dev/conf"
)

// The fields of a definition, by their names in the language. Each state type is a struct of those that it may have, so
// that conf.Decode refuses the others.
type (
	machineFields struct {
		flowFields
		Version        string   `yaml:"Version"`
		QueryLanguage  language `yaml:"QueryLanguage"`
		TimeoutSeconds seconds  `yaml:"TimeoutSeconds"`
	}
	flowFields struct {
		Comment string     `yaml:"Comment"`
		StartAt string     `yaml:"StartAt" conf:"required"`
		States  *conf.Node `yaml:"States" conf:"required"`
	}
	processorFields struct {
		flowFields
		ProcessorConfig struct {
			Mode          string `yaml:"Mode"`
			ExecutionType string `yaml:"ExecutionType"`
		} `yaml:"ProcessorConfig"`
	}
	commonFields struct {
		Type          string   `yaml:"Type" conf:"required"`
		Comment       string   `yaml:"Comment"`
		QueryLanguage language `yaml:"QueryLanguage"`
	}
	nextFields struct {
		Next string `yaml:"Next"`
		End  bool   `yaml:"End"`
	}
	ioFields struct {
		InputPath  pathOption `yaml:"InputPath"`
		OutputPath pathOption `yaml:"OutputPath"`
	}
	assignFields struct {
		Assign *conf.Node `yaml:"Assign"`
		Output *conf.Node `yaml:"Output"`
	}
	resultFields struct {
		Parameters *conf.Node      `yaml:"Parameters"`
		ResultPath referenceOption `yaml:"ResultPath"`
	}
	taskFields struct {
		commonFields
		nextFields
		ioFields
		assignFields
		resultFields
		Arguments            *conf.Node `yaml:"Arguments"`
		Resource             string     `yaml:"Resource" conf:"required"`
		ResultSelector       *conf.Node `yaml:"ResultSelector"`
		TimeoutSeconds       seconds    `yaml:"TimeoutSeconds"`
		TimeoutSecondsPath   *Path      `yaml:"TimeoutSecondsPath"`
		HeartbeatSeconds     seconds    `yaml:"HeartbeatSeconds"`
		HeartbeatSecondsPath *Path      `yaml:"HeartbeatSecondsPath"`
		Credentials          *conf.Node `yaml:"Credentials"`
		failureFields
	}
	failureFields struct {
		Retry []retrierFields `yaml:"Retry"`
		Catch []catcherFields `yaml:"Catch"`
	}
	parallelFields struct {
		commonFields
		nextFields
		ioFields
		assignFields
		resultFields
		Arguments      *conf.Node   `yaml:"Arguments"`
		ResultSelector *conf.Node   `yaml:"ResultSelector"`
		Branches       []*conf.Node `yaml:"Branches" conf:"required"`
		failureFields
	}
	retrierFields struct {
		Comment         string   `yaml:"Comment"`
		ErrorEquals     []string `yaml:"ErrorEquals" conf:"required"`
		IntervalSeconds *int64   `yaml:"IntervalSeconds"`
		MaxAttempts     *int64   `yaml:"MaxAttempts"`
		BackoffRate     *float64 `yaml:"BackoffRate"`
		MaxDelaySeconds *int64   `yaml:"MaxDelaySeconds"`
		JitterStrategy  string   `yaml:"JitterStrategy"`
	}
	catcherFields struct {
		assignFields
		Comment     string          `yaml:"Comment"`
		ErrorEquals []string        `yaml:"ErrorEquals" conf:"required"`
		Next        string          `yaml:"Next" conf:"required"`
		ResultPath  referenceOption `yaml:"ResultPath"`
	}
)

// problem is a mistake at a node.
func problem(n *conf.Node, hint, message string) conf.Problems {
	return conf.Problems{{Position: n.Position, Message: message, Hint: hint}}
}

// text returns a field's text, or the problem that it isn't text.
func textOf(n *conf.Node, what string) (string, error) {
	if n.Kind != conf.String {
		return "", problem(n, `write it in quotes, such as "$.name"`, what+" must be text")
	}
	return n.Text, nil
}

// UnmarshalConf reads a path.
func (p *Path) UnmarshalConf(n *conf.Node) error {
	source, err := textOf(n, "a path")
	if err != nil {
		return err
	}
	parsed, err := ParsePath(source)
	if err != nil {
		return problem(n, "", err.Error())
	}
	*p = *parsed
	return nil
}

// UnmarshalConf reads a path or null.
func (o *pathOption) UnmarshalConf(n *conf.Node) error {
	if n.Kind == conf.Null {
		o.null = true
		return nil
	}
	o.path = new(Path)
	return o.path.UnmarshalConf(n)
}

// referenceOption is a Reference Path into the input, null, or left out.
type referenceOption pathOption

// UnmarshalConf reads a Reference Path or null.
func (o *referenceOption) UnmarshalConf(n *conf.Node) error {
	if n.Kind == conf.Null {
		o.null = true
		return nil
	}
	source, err := textOf(n, "a reference path")
	if err != nil {
		return err
	}
	o.path, err = parseReference(source)
	switch {
	case err != nil:
		return problem(n, "", err.Error())
	case o.path.root != inputRoot:
		return problem(n, "begin it with $.", "a result can only be put into the state's input")
	}
	return nil
}

// expressionField is a path or an intrinsic function.
type expressionField struct{ expression }

// UnmarshalConf reads a path or an intrinsic function.
func (e *expressionField) UnmarshalConf(n *conf.Node) error {
	source, err := textOf(n, "a path or intrinsic function")
	if err != nil {
		return err
	}
	if e.expression, err = parseExpression(source); err != nil {
		return problem(n, "", err.Error())
	}
	return nil
}

// maxSeconds is the longest time of the language: 99,999,999 s, three years.
const maxSeconds = 99_999_999

// UnmarshalConf reads a whole number of seconds from 0, or an expression.
func (s *seconds) UnmarshalConf(n *conf.Node) error {
	if isExpression(n) {
		s.given, s.expression = true, n
		return nil
	}
	var whole int64
	if err := n.Decode(&whole); err != nil {
		return err
	}
	if whole < 0 || whole > maxSeconds {
		return problem(n, "", "seconds must be from 0 to 99999999, not "+n.Text)
	}
	s.given, s.fixed = true, time.Duration(whole)*time.Second
	return nil
}

// quantity is a number, or an expression.
type quantity struct {
	fixed      *float64
	expression *conf.Node
}

// UnmarshalConf reads a number or an expression.
func (q *quantity) UnmarshalConf(n *conf.Node) error {
	if isExpression(n) {
		q.expression = n
		return nil
	}
	return n.Decode(&q.fixed)
}

// moment is a time, or an expression.
type moment struct {
	fixed      time.Time
	expression *conf.Node
}

// UnmarshalConf reads a time or an expression.
func (m *moment) UnmarshalConf(n *conf.Node) error {
	if isExpression(n) {
		m.expression = n
		return nil
	}
	return n.Decode(&m.fixed)
}

// language is the query language of a machine or a state.
type language string

// The query languages (https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html).
const (
	inJSONPath language = "JSONPath"
	inJSONata  language = "JSONata"
)

// UnmarshalConf reads JSONPath or JSONata.
func (l *language) UnmarshalConf(n *conf.Node) error {
	if *l = language(n.Text); n.Kind == conf.String && (*l == inJSONPath || *l == inJSONata) {
		return nil
	}
	return problem(n, "write JSONPath or JSONata", "there is no query language "+strconv.Quote(n.Text))
}
