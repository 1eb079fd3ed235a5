-- Such a role grants nothing in a session in which no second factor was shown.
ALTER TABLE roles ADD COLUMN second_factor boolean NOT NULL DEFAULT false;
-- Those that are open now began with the code of whoever had a factor.
ALTER TABLE sessions ADD COLUMN factor_shown boolean NOT NULL DEFAULT true;
