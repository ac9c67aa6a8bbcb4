package wire

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
)

// s3Roots are the root elements of S3's answers, which its model lacks
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html).
var s3Roots = map[string]string{
	"ListBuckets": "ListAllMyBucketsResult", "ListObjects": "ListBucketResult", "ListObjectsV2": "ListBucketResult",
	"GetBucketAcl": "AccessControlPolicy", "GetBucketTagging": "Tagging",
	"GetBucketLocation": "LocationConstraint", "GetBucketNotificationConfiguration": "NotificationConfiguration",
}

const s3Namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

// xmlWriter writes elements in the order of the model.
type xmlWriter struct {
	bytes.Buffer
	ec2 bool
}

func (w *xmlWriter) text(s string) {
	// EscapeText fails only when the writer does; a buffer doesn't.
	_ = xml.EscapeText(w, []byte(s))
}

func (w *xmlWriter) element(name, text string) {
	fmt.Fprintf(w, "<%s>", name)
	w.text(text)
	fmt.Fprintf(w, "</%s>", name)
}

// formAnswer writes the XML of the Query and EC2 protocols.
func (t *Target) formAnswer(shape *Shape, out Object, requestID string) ([]byte, error) {
	w := &xmlWriter{ec2: t.Protocol == EC2}
	w.WriteString(xml.Header)
	name := t.Operation.Name
	if w.ec2 {
		fmt.Fprintf(w, `<%sResponse xmlns="%s/">`, name, strings.TrimSuffix(t.Model.Metadata.XMLNamespace, "/"))
		w.element("requestId", requestID)
		if shape != nil {
			if err := w.members(shape, out, name); err != nil {
				return nil, err
			}
		} else {
			// EC2 answers operations without output by a bare truth.
			w.element("return", "true")
		}
		fmt.Fprintf(w, "</%sResponse>", name)
		return w.Bytes(), nil
	}
	fmt.Fprintf(w, `<%sResponse xmlns="%s">`, name, t.Model.Metadata.XMLNamespace)
	if wrapper := t.Operation.ResultWrapper; shape != nil && wrapper != "" {
		fmt.Fprintf(w, "<%s>", wrapper)
		if err := w.members(shape, out, name); err != nil {
			return nil, err
		}
		fmt.Fprintf(w, "</%s>", wrapper)
	}
	w.WriteString("<ResponseMetadata>")
	w.element("RequestId", requestID)
	fmt.Fprintf(w, "</ResponseMetadata></%sResponse>", name)
	return w.Bytes(), nil
}

// restXMLAnswer writes headers and payload of S3's protocol.
func (t *Target) restXMLAnswer(r *Response, shape *Shape, out Object) error {
	if shape == nil {
		return nil
	}
	if err := headersOf(shape, out, r.Header); err != nil {
		return err
	}
	w := &xmlWriter{}
	if shape.Payload == "" {
		body := false
		for _, m := range shape.Members {
			body = body || m.Location == ""
		}
		if !body || t.Operation.Method == http.MethodHead {
			return nil
		}
		root := orElse(s3Roots[t.Operation.Name], orElse(shape.LocationName, t.Operation.Name+"Result"))
		return w.document(r, root, func() error {
			if t.Operation.Name == "GetBucketLocation" {
				// The one answer whose root element holds the text itself.
				text, _ := out["LocationConstraint"].(string)
				w.text(text)
				return nil
			}
			return w.members(shape, out, t.Operation.Name)
		})
	}
	m := shape.MemberNamed(shape.Payload)
	switch v := out[shape.Payload].(type) {
	case nil:
	case []byte:
		r.Body = v
	case string:
		r.Body = []byte(v)
	case Object:
		root := orElse(m.LocationName, orElse(m.Type().LocationName, m.Name))
		return w.document(r, root, func() error { return w.members(m.Type(), v, m.Name) })
	default:
		return fmt.Errorf("payload %s: a %T can't be written", shape.Payload, v)
	}
	return nil
}

func (w *xmlWriter) document(r *Response, root string, body func() error) error {
	r.Header.Set("Content-Type", "application/xml")
	w.WriteString(xml.Header)
	fmt.Fprintf(w, `<%s xmlns="%s">`, root, s3Namespace)
	if err := body(); err != nil {
		return err
	}
	fmt.Fprintf(w, "</%s>", root)
	r.Body = w.Bytes()
	return nil
}

// members writes a structure's members without the element around them.
func (w *xmlWriter) members(s *Shape, o Object, path string) error {
	for k := range o {
		if s.MemberNamed(k) == nil {
			return fmt.Errorf("%s: the model's %s has no member %q", path, s.Name, k)
		}
	}
	for _, m := range s.Members {
		v := o[m.Name]
		if v == nil || m.Location != "" || m.XMLAttribute {
			continue
		}
		if err := w.value(m, orElse(m.LocationName, m.Name), v, join(path, m.Name)); err != nil {
			return err
		}
	}
	return nil
}

func (w *xmlWriter) value(ref *Ref, name string, v any, path string) error {
	s := ref.Type()
	flat := ref.Flattened || s.Flattened
	switch x := v.(type) {
	case Object:
		if s.Type == "map" {
			return w.entries(s, flat, name, x, path)
		}
		w.open(s, ref, name, x)
		if err := w.members(s, x, path); err != nil {
			return err
		}
		fmt.Fprintf(w, "</%s>", name)
		return nil
	case List:
		if s.Member == nil {
			return fmt.Errorf("%s: a list where the model has a %s", path, s.Type)
		}
		item := orElse(s.Member.LocationName, "member")
		if flat {
			item = orElse(ref.LocationName, orElse(s.Member.LocationName, name))
		} else {
			fmt.Fprintf(w, "<%s>", name)
		}
		for i, e := range x {
			if err := w.value(s.Member, item, e, fmt.Sprintf("%s.%d", path, i)); err != nil {
				return err
			}
		}
		if !flat {
			fmt.Fprintf(w, "</%s>", name)
		}
		return nil
	}
	text, err := textOf(s, v, formatISO)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	w.element(name, text)
	return nil
}

// open writes a start tag with the attributes that the model asks for.
func (w *xmlWriter) open(s *Shape, ref *Ref, name string, o Object) {
	fmt.Fprintf(w, "<%s", name)
	if ns := orElse(ref.XMLNamespace, s.XMLNamespace); ns != "" && ns != s3Namespace {
		fmt.Fprintf(w, ` xmlns:xsi="%s"`, ns)
	}
	for _, m := range s.Members {
		if v, ok := o[m.Name].(string); ok && m.XMLAttribute {
			fmt.Fprintf(w, ` %s="`, orElse(m.LocationName, m.Name))
			w.text(v)
			w.WriteByte('"')
		}
	}
	w.WriteByte('>')
}

func (w *xmlWriter) entries(s *Shape, flat bool, name string, o Object, path string) error {
	if !flat {
		fmt.Fprintf(w, "<%s>", name)
	}
	for _, k := range sortedKeys(o) {
		entry := "entry"
		if flat {
			entry = name
		}
		fmt.Fprintf(w, "<%s>", entry)
		w.element(orElse(s.Key.LocationName, "key"), k)
		if err := w.value(s.Value, orElse(s.Value.LocationName, "value"), o[k], join(path, k)); err != nil {
			return err
		}
		fmt.Fprintf(w, "</%s>", entry)
	}
	if !flat {
		fmt.Fprintf(w, "</%s>", name)
	}
	return nil
}
