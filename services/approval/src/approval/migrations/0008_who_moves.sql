-- Who had a move carried out or taken back, beside who had it previewed.
ALTER TABLE moves ADD COLUMN carried_out_by uuid;
