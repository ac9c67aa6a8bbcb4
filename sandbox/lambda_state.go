package sandbox

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"riposte.dev/sandbox/policy"
	"riposte.dev/sandbox/wire"
)

// functions are the functions of an account in a region.
type functions struct{ byName map[string]*function }

type function struct {
	ref                                                  functionRef
	runtime, handler, role, description, kind, architect string
	environment                                          wire.Object
	timeout, memory, codeSize                            int
	codeHash, revision                                   string
	modified                                             time.Time
	statements                                           []permissionStatement
	log                                                  *invocationLog
	reserved                                             *int        // concurrent executions; replaced, never changed
	tags                                                 wire.Object // of the creation
	layers                                               []string    // ARNs; replaced, never changed
	versions                                             []functionVersion
	aliases                                              map[string]string // version by name
}

// invocationLog is what came to a function and what it answers. All views of
// the function share it. The sandbox's lock guards it.
type invocationLog struct {
	seen   []Invocation
	size   int // of payloads, in bytes
	answer []byte
	failed bool
}

// Bounds of an invocationLog, oldest out first.
const (
	maxInvocations     = 1000
	maxInvocationBytes = 32 << 20
)

// Invocation is one invocation of a function.
type Invocation struct {
	Time     time.Time
	Function string // ARN
	Type     string // RequestResponse or Event
	Payload  json.RawMessage
}

// permissionStatement is a statement of a function's policy.
type permissionStatement struct {
	Sid       string                       `json:"Sid"`
	Effect    string                       `json:"Effect"`
	Principal any                          `json:"Principal"`
	Action    string                       `json:"Action"`
	Resource  string                       `json:"Resource"`
	Condition map[string]map[string]string `json:"Condition,omitempty"`
}

func newFunctions() *functions { return &functions{byName: map[string]*function{}} }

func (s *functions) clone() stater {
	out := newFunctions()
	for name, f := range s.byName {
		c := *f
		c.statements, c.aliases = slices.Clone(f.statements), maps.Clone(f.aliases)
		out.byName[name] = &c
	}
	return out
}

// functionAt is the present function with an ARN, nil without.
func (s *Sandbox) functionAt(functionARN string) *function {
	region, account, name, ok := cutARN(functionARN, "lambda", "function:")
	if !ok || s.accounts[account] == nil {
		return nil
	}
	return liveState(s, stateKey{"lambda", account, region}, newFunctions).byName[name]
}

// document is the function's policy as JSON.
func (f *function) document() ([]byte, error) {
	return json.Marshal(map[string]any{"Version": "2012-10-17", "Id": "default", "Statement": f.statements})
}

// policy is the function's policy, nil without; AddPermission saw to it that
// it parses.
func (f *function) policy() *policy.Document {
	text, err := f.document()
	if err != nil || len(f.statements) == 0 {
		return nil
	}
	doc, err := policy.Parse(text)
	if err != nil {
		return nil
	}
	return doc
}

// note keeps an invocation.
func (l *invocationLog) note(i Invocation) {
	l.seen, l.size = append(l.seen, i), l.size+len(i.Payload)
	for len(l.seen) > maxInvocations || l.size > maxInvocationBytes {
		l.size -= len(l.seen[0].Payload)
		l.seen = l.seen[1:]
	}
}

func (f *function) describe() wire.Object {
	o := wire.Object{
		"FunctionName": f.ref.name, "FunctionArn": f.ref.arn(), "Role": f.role, "CodeSize": int64(f.codeSize), "CodeSha256": f.codeHash,
		"Timeout": int64(f.timeout), "MemorySize": int64(f.memory), "LastModified": f.modified.Format("2006-01-02T15:04:05.000+0000"),
		"Version": "$LATEST", "State": "Active", "LastUpdateStatus": "Successful", "PackageType": f.kind, "RevisionId": f.revision,
		"Architectures": wire.List{f.architect}, "EphemeralStorage": wire.Object{"Size": int64(512)}, "TracingConfig": wire.Object{"Mode": "PassThrough"},
	}
	put(o, "Runtime", f.runtime)
	put(o, "Handler", f.handler)
	put(o, "Description", f.description)
	if len(f.layers) > 0 {
		o["Layers"] = list(f.layers, func(l string) any { return wire.Object{"Arn": l, "CodeSize": int64(1024)} })
	}
	if len(f.environment) > 0 {
		o["Environment"] = wire.Object{"Variables": f.environment}
	}
	return o
}
