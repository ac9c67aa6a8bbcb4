package wire

import (
	"encoding/json"
	"fmt"
	"regexp"
)

// Protocol is how a request spells its input and wants its answer. A service
// may speak several: SQS is Query from older clients and JSON from newer ones.
type Protocol string

// The protocols of AWS's API models.
const (
	Query    Protocol = "query"
	EC2      Protocol = "ec2"
	JSON     Protocol = "json"
	RESTJSON Protocol = "rest-json"
	RESTXML  Protocol = "rest-xml"
)

// Object is a decoded structure or map, keyed by the model's member names.
// Values are string, bool, int64, float64, []byte, time.Time, List or Object.
type Object = map[string]any

// List is a decoded list.
type List = []any

// Model is the part of one service's API model that the sandbox answers for.
// It is what riposte.dev/sandbox/gen writes from botocore's service-2.json.
type Model struct {
	Service    string                `json:"service"` // botocore's name of the service: "cloudtrail", "events"
	Metadata   Metadata              `json:"metadata"`
	Operations map[string]*Operation `json:"operations"`
	// Others are the service's operations that are not answered. Requests for
	// them must be told apart from the answered ones where the path decides.
	Others []*Operation      `json:"others,omitempty"`
	Shapes map[string]*Shape `json:"shapes"`
}

// Metadata is the model's own description of the service.
type Metadata struct {
	APIVersion      string   `json:"apiVersion"`
	EndpointPrefix  string   `json:"endpointPrefix"`
	SigningName     string   `json:"signingName,omitempty"` // "" means EndpointPrefix
	Protocol        Protocol `json:"protocol"`
	JSONVersion     string   `json:"jsonVersion,omitempty"`
	TargetPrefix    string   `json:"targetPrefix,omitempty"`
	XMLNamespace    string   `json:"xmlNamespace,omitempty"`
	GlobalEndpoint  string   `json:"globalEndpoint,omitempty"`
	QueryCompatible bool     `json:"queryCompatible,omitempty"` // JSON answers carry x-amzn-query-error
}

// Operation is one API operation. Input and Output are nil when it has none.
type Operation struct {
	Name          string `json:"name"`
	Method        string `json:"method,omitempty"` // REST only
	URI           string `json:"uri,omitempty"`    // REST only: "/{Bucket}/{Key+}?acl"
	Status        int    `json:"status,omitempty"` // of the answer when it is not 200
	Input         *Ref   `json:"input,omitempty"`
	Output        *Ref   `json:"output,omitempty"`
	ResultWrapper string `json:"resultWrapper,omitempty"` // Query only
}

// Ref points to a shape and carries what belongs to the place, not the shape.
type Ref struct {
	Name         string `json:"name,omitempty"` // of the member
	Shape        string `json:"shape"`
	LocationName string `json:"locationName,omitempty"`
	QueryName    string `json:"queryName,omitempty"`
	Location     string `json:"location,omitempty"` // uri, querystring, header, headers, statusCode
	Flattened    bool   `json:"flattened,omitempty"`
	XMLAttribute bool   `json:"xmlAttribute,omitempty"`
	XMLNamespace string `json:"xmlNamespace,omitempty"`

	shape *Shape
}

// Shape is a named type of the model.
type Shape struct {
	Name            string     `json:"-"`
	Type            string     `json:"type"`
	Members         []*Ref     `json:"members,omitempty"`
	Required        []string   `json:"required,omitempty"`
	Member          *Ref       `json:"member,omitempty"` // of a list
	Key             *Ref       `json:"key,omitempty"`    // of a map
	Value           *Ref       `json:"value,omitempty"`  // of a map
	Enum            []string   `json:"enum,omitempty"`
	Min             *float64   `json:"min,omitempty"`
	Max             *float64   `json:"max,omitempty"`
	Pattern         string     `json:"pattern,omitempty"` // RE2, matches the whole value
	Flattened       bool       `json:"flattened,omitempty"`
	LocationName    string     `json:"locationName,omitempty"`
	Payload         string     `json:"payload,omitempty"`
	XMLNamespace    string     `json:"xmlNamespace,omitempty"`
	TimestampFormat string     `json:"timestampFormat,omitempty"`
	Sensitive       bool       `json:"sensitive,omitempty"`
	Exception       *Exception `json:"exception,omitempty"`

	pattern *regexp.Regexp
	byName  map[string]*Ref
}

// Exception describes a shape that an operation may fail with.
type Exception struct {
	Code   string `json:"code,omitempty"`   // on the wire where it differs from the shape's name
	Status int    `json:"status,omitempty"` // HTTP status; 0 means 400
}

// SigningName is the service name in the credential scope of a signature.
func (m *Model) SigningName() string {
	if m.Metadata.SigningName != "" {
		return m.Metadata.SigningName
	}
	return m.Metadata.EndpointPrefix
}

// Ref.Type is nil only in a model that was not linked.
func (r *Ref) Type() *Shape { return r.shape }

// MemberNamed is the member of a structure with that model name, or nil.
func (s *Shape) MemberNamed(name string) *Ref { return s.byName[name] }

// ParseModel reads one model file and links its references. It fails when a
// reference leads nowhere or a pattern is not RE2.
func ParseModel(data []byte) (*Model, error) {
	m := &Model{}
	if err := json.Unmarshal(data, m); err != nil {
		return nil, fmt.Errorf("API model: %w", err)
	}
	for name, s := range m.Shapes {
		s.Name = name
		s.byName = make(map[string]*Ref, len(s.Members))
		refs := append([]*Ref{s.Member, s.Key, s.Value}, s.Members...)
		for _, r := range refs {
			if err := m.link(r, name); err != nil {
				return nil, err
			}
		}
		for _, r := range s.Members {
			s.byName[r.Name] = r
		}
		if s.Pattern != "" {
			re, err := regexp.Compile("^(?:" + s.Pattern + ")$")
			if err != nil {
				return nil, fmt.Errorf("API model of %s: shape %s: %w", m.Service, name, err)
			}
			s.pattern = re
		}
	}
	for _, op := range m.Operations {
		for _, r := range []*Ref{op.Input, op.Output} {
			if err := m.link(r, op.Name); err != nil {
				return nil, err
			}
		}
	}
	return m, nil
}

func (m *Model) link(r *Ref, from string) error {
	if r == nil {
		return nil
	}
	if r.shape = m.Shapes[r.Shape]; r.shape == nil {
		return fmt.Errorf("API model of %s: %s refers to the unknown shape %s", m.Service, from, r.Shape)
	}
	return nil
}
