package sandbox

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"

	"riposte.dev/sandbox/wire"
)

// snsHTML is what a person sees who opened a link of a mail.
var snsHTML = template.Must(template.New("sns").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{{.Title}}</title></head>
<body><h1>{{.Title}}</h1><p>{{.Text}} <strong>{{.Topic}}</strong>.</p>
<p>The subscription's id is:<br><code>{{.ARN}}</code></p></body></html>
`))

// answerPage answers an unsigned GET, which is a link that somebody opened, by
// a page, and all others by out.
func (c *call) answerPage(title, text, topic, arn string, out wire.Object) (wire.Object, error) {
	if c.caller != nil || c.request.HTTP.Method != http.MethodGet {
		return out, nil
	}
	var page bytes.Buffer
	err := snsHTML.Execute(&page, map[string]string{"Title": title, "Text": text, "Topic": topic, "ARN": arn})
	if err != nil {
		return nil, fmt.Errorf("write the page: %w", err)
	}
	c.answer = &wire.Response{
		Status: http.StatusOK, Body: page.Bytes(),
		Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}, "X-Amzn-RequestId": {c.requestID}},
	}
	return out, nil
}
