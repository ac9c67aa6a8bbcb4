package main

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// The part of botocore's service-2.json that is read. Names are botocore's.

type sourceModel struct {
	Metadata   map[string]any              `json:"metadata"`
	Operations map[string]*sourceOperation `json:"operations"`
	Shapes     map[string]*sourceShape     `json:"shapes"`
}

type sourceOperation struct {
	Name string `json:"name"`
	HTTP struct {
		Method       string `json:"method"`
		RequestURI   string `json:"requestUri"`
		ResponseCode int    `json:"responseCode"`
	} `json:"http"`
	Input  *sourceRef  `json:"input"`
	Output *sourceRef  `json:"output"`
	Errors []sourceRef `json:"errors"`
}

type sourceRef struct {
	Shape         string        `json:"shape"`
	LocationName  string        `json:"locationName"`
	QueryName     string        `json:"queryName"`
	Location      string        `json:"location"`
	ResultWrapper string        `json:"resultWrapper"`
	Flattened     bool          `json:"flattened"`
	XMLAttribute  bool          `json:"xmlAttribute"`
	XMLNamespace  *xmlNamespace `json:"xmlNamespace"`
}

type sourceShape struct {
	Type            string        `json:"type"`
	Members         members       `json:"members"`
	Required        []string      `json:"required"`
	Member          *sourceRef    `json:"member"`
	Key             *sourceRef    `json:"key"`
	Value           *sourceRef    `json:"value"`
	Enum            []string      `json:"enum"`
	Min             *float64      `json:"min"`
	Max             *float64      `json:"max"`
	Pattern         string        `json:"pattern"`
	Flattened       bool          `json:"flattened"`
	LocationName    string        `json:"locationName"`
	Payload         string        `json:"payload"`
	XMLNamespace    *xmlNamespace `json:"xmlNamespace"`
	TimestampFormat string        `json:"timestampFormat"`
	Sensitive       bool          `json:"sensitive"`
	Exception       bool          `json:"exception"`
	Error           struct {
		Code           string `json:"code"`
		HTTPStatusCode int    `json:"httpStatusCode"`
	} `json:"error"`
}

// xmlNamespace is an object in newer models and a bare URI in older ones.
type xmlNamespace struct{ URI string }

func (x *xmlNamespace) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, &x.URI)
	}
	var o struct {
		URI string `json:"uri"`
	}
	err := json.Unmarshal(data, &o)
	x.URI = o.URI
	return err
}

// members keeps the order of the model: XML answers are written in it.
type members []member

type member struct {
	name string
	ref  sourceRef
}

func (m *members) UnmarshalJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	if _, err := dec.Token(); err != nil {
		return err
	}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return err
		}
		name, ok := t.(string)
		if !ok {
			return fmt.Errorf("members: want a name, got %v", t)
		}
		var ref sourceRef
		if err := dec.Decode(&ref); err != nil {
			return fmt.Errorf("member %s: %w", name, err)
		}
		*m = append(*m, member{name, ref})
	}
	return nil
}
