-- Who of the people outside sees the documents of what was sent to a destination: those who work there.
CREATE TABLE destination_people (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    destination text NOT NULL,
    person_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, destination, person_id)
);
SELECT optima_protect('destination_people');
CREATE INDEX destinations_of_person ON destination_people (tenant_id, person_id, destination);
