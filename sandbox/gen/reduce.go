package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"sort"
	"strings"

	"riposte.dev/sandbox/wire"
)

// jsonTargets completes models that are older than the service's move from
// Query to JSON (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-json-faqs.html).
var jsonTargets = map[string]wire.Metadata{
	"sqs": {TargetPrefix: "AmazonSQS", JSONVersion: "1.0", QueryCompatible: true},
}

// reduce writes the compact model of the named operations.
func reduce(service string, raw []byte, names []string) ([]byte, error) {
	var src sourceModel
	if err := json.Unmarshal(raw, &src); err != nil {
		return nil, err
	}
	if err := addNewer(service, &src); err != nil {
		return nil, err
	}
	m := &wire.Model{
		Service: service, Metadata: metadata(service, src.Metadata),
		Operations: map[string]*wire.Operation{}, Shapes: map[string]*wire.Shape{},
	}
	for _, name := range names {
		op := src.Operations[name]
		if op == nil {
			return nil, fmt.Errorf("the model has no operation %s: check the spelling in the list", name)
		}
		m.Operations[name] = operation(op, m.Metadata.Protocol)
		m.Operations[name].Name = name // CloudFront's say the API's version in theirs
		reach(src.Shapes, m.Shapes, op.Input)
		reach(src.Shapes, m.Shapes, op.Output)
		for i := range op.Errors {
			reach(src.Shapes, m.Shapes, &op.Errors[i])
		}
	}
	if rest(m.Metadata.Protocol) {
		for name, op := range src.Operations {
			if m.Operations[name] == nil {
				m.Others = append(m.Others, &wire.Operation{Name: name, Method: op.HTTP.Method, URI: op.HTTP.RequestURI})
			}
		}
		sort.Slice(m.Others, func(i, j int) bool { return m.Others[i].Name < m.Others[j].Name })
	}
	complete(m)
	return encode(m)
}

func rest(p wire.Protocol) bool { return p == wire.RESTJSON || p == wire.RESTXML }

func metadata(service string, src map[string]any) wire.Metadata {
	str := func(k string) string { s, _ := src[k].(string); return s }
	md := jsonTargets[service]
	md.APIVersion, md.EndpointPrefix, md.SigningName = str("apiVersion"), str("endpointPrefix"), str("signingName")
	md.Protocol, md.XMLNamespace, md.GlobalEndpoint = wire.Protocol(str("protocol")), str("xmlNamespace"), str("globalEndpoint")
	if md.TargetPrefix == "" {
		md.TargetPrefix, md.JSONVersion = str("targetPrefix"), str("jsonVersion")
	}
	return md
}

func operation(op *sourceOperation, p wire.Protocol) *wire.Operation {
	o := &wire.Operation{Name: op.Name, Input: ref("", op.Input), Output: ref("", op.Output)}
	if rest(p) {
		o.Method, o.URI = op.HTTP.Method, op.HTTP.RequestURI
		if op.HTTP.ResponseCode != 200 {
			o.Status = op.HTTP.ResponseCode
		}
	}
	if op.Output != nil {
		o.ResultWrapper = op.Output.ResultWrapper
	}
	return o
}

func ref(name string, r *sourceRef) *wire.Ref {
	if r == nil {
		return nil
	}
	out := &wire.Ref{
		Name: name, Shape: r.Shape, LocationName: r.LocationName, QueryName: r.QueryName,
		Location: r.Location, Flattened: r.Flattened, XMLAttribute: r.XMLAttribute,
	}
	if r.XMLNamespace != nil {
		out.XMLNamespace = r.XMLNamespace.URI
	}
	return out
}

// reach copies the shape behind r, and every shape that it leads to.
func reach(from map[string]*sourceShape, to map[string]*wire.Shape, r *sourceRef) {
	if r == nil || to[r.Shape] != nil || from[r.Shape] == nil {
		return
	}
	s := from[r.Shape]
	out := &wire.Shape{
		Type: s.Type, Required: s.Required, Enum: s.Enum, Min: s.Min, Max: s.Max, Pattern: re2(s.Pattern),
		Flattened: s.Flattened, LocationName: s.LocationName, Payload: s.Payload,
		TimestampFormat: s.TimestampFormat, Sensitive: s.Sensitive,
		Member: ref("", s.Member), Key: ref("", s.Key), Value: ref("", s.Value),
	}
	if s.XMLNamespace != nil {
		out.XMLNamespace = s.XMLNamespace.URI
	}
	if s.Exception {
		out.Exception = &wire.Exception{Code: s.Error.Code, Status: s.Error.HTTPStatusCode}
	}
	to[r.Shape] = out
	for _, m := range s.Members {
		out.Members = append(out.Members, ref(m.name, &m.ref))
		reach(from, to, &m.ref)
	}
	for _, x := range []*sourceRef{s.Member, s.Key, s.Value} {
		reach(from, to, x)
	}
}

var unicodeEscape = regexp.MustCompile(`\\u([0-9A-Fa-f]{4})`)

// re2 translates a Java pattern, or gives it up ("") where RE2 has no
// equivalent: look-ahead, and repetition above 1,000 (min and max remain).
func re2(java string) string {
	if java == "" {
		return ""
	}
	p := unicodeEscape.ReplaceAllString(java, `\x{$1}`)
	if _, err := regexp.Compile("^(?:" + p + ")$"); err != nil {
		return ""
	}
	return p
}

// encode writes one line a shape and operation, so that a change of the list
// is a readable diff.
func encode(m *wire.Model) ([]byte, error) {
	var b bytes.Buffer
	md, err := json.Marshal(m.Metadata)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(&b, "{\"service\":%q,\n\"metadata\":%s", m.Service, md)
	if err := section(&b, "operations", m.Operations); err != nil {
		return nil, err
	}
	if len(m.Others) > 0 {
		others, err := json.Marshal(m.Others)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, ",\n\"others\":%s", strings.ReplaceAll(string(others), "},{", "},\n{"))
	}
	if err := section(&b, "shapes", m.Shapes); err != nil {
		return nil, err
	}
	b.WriteString("}\n")
	return b.Bytes(), nil
}

func section[T any](b *bytes.Buffer, title string, entries map[string]T) error {
	names := make([]string, 0, len(entries))
	for n := range entries {
		names = append(names, n)
	}
	sort.Strings(names)
	fmt.Fprintf(b, ",\n%q:{", title)
	for i, n := range names {
		data, err := json.Marshal(entries[n])
		if err != nil {
			return fmt.Errorf("%s: %w", n, err)
		}
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(b, "\n%q:%s", n, data)
	}
	b.WriteByte('}')
	return nil
}
