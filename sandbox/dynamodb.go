package sandbox

import (
	"maps"
	"time"

	"riposte.dev/sandbox/wire"
)

// dynamodbService answers for tables, which store no items
// (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html).
// Actions and resources are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html.
func dynamodbService() *service {
	op := func(name string, handle func(*call) (wire.Object, error)) operation {
		return operation{name: name, resources: func(c *call) []string { return []string{c.tableARN()} }, handle: handle}
	}
	update := op("UpdateTable", updateTable)
	update.also = tableKeyNeeds
	return &service{
		name: "dynamodb", prefix: "dynamodb",
		operations: []operation{
			op("CreateTable", createTable),
			op("DescribeTable", describeTable),
			{name: "ListTables", handle: listTables},
			update,
			op("DeleteTable", deleteTable),
			op("ListTagsOfResource", listTableTags),
			op("DescribeContinuousBackups", describeContinuousBackups),
			op("UpdateContinuousBackups", updateContinuousBackups),
		},
	}
}

// tables are those of an account in a region.
type tables struct{ all []*table }

type table struct {
	name, id, billing        string
	key                      string // of KMS, its ARN; "": DynamoDB's own
	keys, attributes         any    // as CreateTable names them
	protected, pointInTime   bool
	created, recoverableFrom time.Time
	tags                     map[string]string
}

func newTables() *tables { return &tables{} }

func (s *tables) clone() stater {
	out := newTables()
	for _, t := range s.all {
		c := *t
		c.tags = maps.Clone(t.tags)
		out.all = append(out.all, &c)
	}
	return out
}

func (c *call) tables() *tables {
	return stateOf(c, stateKey{"dynamodb", c.account.id, c.region}, newTables)
}

// tableName is the table that the input names by name or ARN.
func (c *call) tableName() string {
	id := orElse(c.in.str("TableName"), c.in.str("ResourceArn"))
	if _, _, name, ok := cutARN(id, "dynamodb", "table/"); ok {
		return name
	}
	return id
}

func (c *call) tableARN() string { return c.arn("table/" + orElse(c.tableName(), "*")) }

func (c *call) tableNamed() *table {
	name := c.tableName()
	return firstWhere(c.tables().all, func(t *table) bool { return t.name == name })
}

func (c *call) table() (*table, error) {
	t := c.tableNamed()
	if t == nil {
		return nil, wire.Errorf("ResourceNotFoundException", "Requested resource not found: Table: %s not found", c.tableName())
	}
	return t, nil
}

func createTable(c *call) (wire.Object, error) {
	if c.tableNamed() != nil {
		return nil, wire.Errorf("ResourceInUseException", "Table already exists: %s", c.tableName())
	}
	t := &table{
		name: c.tableName(), id: c.sb.newUUID(), billing: orElse(c.in.str("BillingMode"), "PROVISIONED"), keys: c.in["KeySchema"],
		attributes: c.in["AttributeDefinitions"], protected: c.in.flag("DeletionProtectionEnabled", false), created: c.time.UTC(), tags: c.inputTags(),
	}
	if t.billing == "PROVISIONED" && !c.in.has("ProvisionedThroughput") {
		return nil, wire.Errorf("ValidationException", "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED")
	}
	if err := c.encryptTable(t); err != nil {
		return nil, err
	}
	s := c.tables()
	s.all = append(s.all, t)
	return wire.Object{"TableDescription": t.describe(c)}, nil
}

func (t *table) describe(c *call) wire.Object {
	out := wire.Object{
		"TableName": t.name, "TableArn": c.arn("table/" + t.name), "TableId": t.id, "TableStatus": "ACTIVE", "CreationDateTime": t.created,
		"KeySchema": t.keys, "AttributeDefinitions": t.attributes, "BillingModeSummary": wire.Object{"BillingMode": t.billing},
		"DeletionProtectionEnabled": t.protected, "ItemCount": int64(0), "TableSizeBytes": int64(0),
	}
	if t.key != "" {
		out["SSEDescription"] = wire.Object{"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": t.key}
	}
	return out
}

func describeTable(c *call) (wire.Object, error) {
	t, err := c.table()
	if err != nil {
		return nil, err
	}
	return wire.Object{"Table": t.describe(c)}, nil
}

// listTables goes on after the table that the input names.
func listTables(c *call) (wire.Object, error) {
	names, out := wire.List{}, wire.Object{}
	all, limit, after := c.tables().all, c.in.number("Limit", 100), c.in.str("ExclusiveStartTableName")
	for _, t := range all {
		switch {
		case after != "":
			if t.name == after {
				after = ""
			}
		case len(names) == limit:
			out["LastEvaluatedTableName"] = names[limit-1]
		default:
			names = append(names, t.name)
		}
	}
	out["TableNames"] = names
	return out, nil
}

// updateTable changes the protection and the key, and nothing else.
func updateTable(c *call) (wire.Object, error) {
	t, err := c.table()
	if err != nil {
		return nil, err
	}
	if !c.in.has("DeletionProtectionEnabled") && !c.in.has("SSESpecification") {
		return nil, wire.Errorf("ValidationException", "The sandbox changes nothing of a table but DeletionProtectionEnabled and SSESpecification")
	}
	if err := c.encryptTable(t); err != nil {
		return nil, err
	}
	t.protected = c.in.flag("DeletionProtectionEnabled", t.protected)
	return wire.Object{"TableDescription": t.describe(c)}, nil
}

// tableKeyNeeds are what the caller lets DynamoDB do with the key that it names
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html).
func tableKeyNeeds(c *call) []need {
	id := c.in.object("SSESpecification").str("KMSMasterKeyId")
	if id == "" {
		return nil
	}
	var out []need
	for _, does := range []string{
		"CreateGrant", "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo",
	} {
		out = append(out, need{"kms:" + does, c.keyARN(id)})
	}
	return out
}

// encryptTable has the table encrypt as the input says, if it says so.
func (c *call) encryptTable(t *table) error {
	if !c.in.has("SSESpecification") {
		return nil
	}
	in := c.in.object("SSESpecification")
	arn := c.keyARN(in.str("KMSMasterKeyId"))
	switch {
	case !in.flag("Enabled", false):
		t.key = ""
		return nil
	case !in.has("KMSMasterKeyId"):
		t.key = c.awsKey("dynamodb").arn
		return nil
	case arn == t.key:
		return wire.Errorf("ValidationException", "One or more parameter values were invalid: Table is already encrypted by given KMSMasterKeyId")
	}
	key := firstWhere(c.kmsKeys().keys, func(k *kmsKey) bool { return k.arn == arn })
	if key == nil || key.state != "Enabled" {
		return wire.Errorf("ValidationException", "KMS validation error: the key %s is not there, or not enabled", arn)
	}
	t.key = arn
	return nil
}

func deleteTable(c *call) (wire.Object, error) {
	t, err := c.table()
	if err != nil {
		return nil, err
	}
	if t.protected {
		return nil, wire.Errorf("ValidationException", "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.")
	}
	s := c.tables()
	s.all = without(s.all, t)
	out := t.describe(c)
	out["TableStatus"] = "DELETING"
	return wire.Object{"TableDescription": out}, nil
}

func listTableTags(c *call) (wire.Object, error) {
	t, err := c.table()
	if err != nil {
		return nil, err
	}
	return wire.Object{"Tags": tagList(t.tags)}, nil
}

// backedUpTable is the table, whose absence these operations name otherwise.
func (c *call) backedUpTable() (*table, error) {
	t := c.tableNamed()
	if t == nil {
		return nil, wire.Errorf("TableNotFoundException", "Table not found: %s", c.tableName())
	}
	return t, nil
}

func (t *table) backups(c *call) wire.Object {
	recovery := wire.Object{"PointInTimeRecoveryStatus": "DISABLED"}
	if t.pointInTime {
		recovery = wire.Object{
			"PointInTimeRecoveryStatus": "ENABLED", "EarliestRestorableDateTime": t.recoverableFrom, "LatestRestorableDateTime": c.time.UTC(),
		}
	}
	return wire.Object{"ContinuousBackupsDescription": wire.Object{"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery}}
}

func describeContinuousBackups(c *call) (wire.Object, error) {
	t, err := c.backedUpTable()
	if err != nil {
		return nil, err
	}
	return t.backups(c), nil
}

func updateContinuousBackups(c *call) (wire.Object, error) {
	t, err := c.backedUpTable()
	if err != nil {
		return nil, err
	}
	on := c.in.object("PointInTimeRecoverySpecification").flag("PointInTimeRecoveryEnabled", false)
	if on && !t.pointInTime {
		t.recoverableFrom = c.time.UTC()
	}
	t.pointInTime = on
	return t.backups(c), nil
}
