import { keepsTheContract } from '../../conformance/keeps-the-contract.ts';
import { metaSubject } from './subject.ts';

keepsTheContract('meta', metaSubject);
