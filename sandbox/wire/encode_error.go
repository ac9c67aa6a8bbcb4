package wire

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
)

// EncodeError writes a failure as the protocol of the target has it.
func (t *Target) EncodeError(e *Error, requestID string) *Response {
	code, status := t.Model.wireCode(e)
	r := &Response{Status: status, Header: http.Header{}}
	fault := "Sender"
	if status >= 500 {
		fault = "Receiver"
	}
	switch t.Protocol {
	case JSON, RESTJSON:
		r.Header.Set("X-Amzn-RequestId", requestID)
		t.jsonError(r, e, code, fault)
	default:
		r.Header.Set("Content-Type", "text/xml;charset=UTF-8")
		if t.Protocol == RESTXML {
			r.Header.Set("Content-Type", "application/xml")
		} else {
			r.Header.Set("X-Amzn-RequestId", requestID)
		}
		r.Body = t.xmlError(e, code, fault, requestID)
	}
	return r
}

func (t *Target) jsonError(r *Response, e *Error, code, fault string) {
	body := map[string]string{}
	for k, v := range e.Fields {
		body[k] = v
	}
	// Organizations and a few others spell the member with a capital.
	name := "message"
	if s := t.Model.Shapes[e.Code]; s != nil && s.MemberNamed("Message") != nil {
		name = "Message"
	}
	body[name] = e.Message
	if t.Protocol == RESTJSON {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-Amzn-ErrorType", e.Code)
	} else {
		r.Header.Set("Content-Type", "application/x-amz-json-"+t.Model.Metadata.JSONVersion)
		body["__type"] = e.Code
		if t.Model.Metadata.QueryCompatible {
			body["__type"] = fmt.Sprintf("com.amazonaws.%s#%s", t.Model.Service, e.Code)
			r.Header.Set("X-Amzn-Query-Error", code+";"+fault)
		}
	}
	// A map of strings always has a JSON form.
	r.Body, _ = json.Marshal(body)
}

func (t *Target) xmlError(e *Error, code, fault, requestID string) []byte {
	w := &xmlWriter{}
	w.WriteString(xml.Header)
	switch t.Protocol {
	case EC2:
		w.WriteString("<Response><Errors><Error>")
		w.element("Code", code)
		w.element("Message", e.Message)
		w.WriteString("</Error></Errors>")
		w.element("RequestID", requestID)
		w.WriteString("</Response>")
	case RESTXML:
		// S3 alone leaves the wrapping out (https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html).
		wrapped := t.Model.Service != "s3"
		if wrapped {
			w.WriteString("<ErrorResponse>")
		}
		w.WriteString("<Error>")
		w.element("Code", code)
		w.element("Message", e.Message)
		for _, k := range sortedKeys(e.Fields) {
			w.element(k, e.Fields[k])
		}
		if wrapped {
			w.WriteString("</Error>")
			w.element("RequestId", requestID)
			w.WriteString("</ErrorResponse>")
			break
		}
		w.element("RequestId", requestID)
		w.WriteString("</Error>")
	default:
		fmt.Fprintf(w, `<ErrorResponse xmlns="%s"><Error>`, t.Model.Metadata.XMLNamespace)
		w.element("Type", fault)
		w.element("Code", code)
		w.element("Message", e.Message)
		for _, k := range sortedKeys(e.Fields) {
			w.element(k, e.Fields[k])
		}
		w.WriteString("</Error>")
		w.element("RequestId", requestID)
		w.WriteString("</ErrorResponse>")
	}
	return w.Bytes()
}
